# What is made by hand now and then. The two commands of README need none of it.

.PHONY: screenshots
screenshots: ## the pictures in docs/images, of the demo's own pages; needs Chromium
	go test ./app/sandbox/browse -count=1 -run Screenshots -update

.PHONY: bench
bench: ## npm audit signatures, Bonafide and the floor side by side: docs/performance.md
	go run ./.ci/bench

.PHONY: dist
dist: ## what a release consists of, into dist/, built twice with equal digests: docs/releasing.md
	go run ./.ci/dist
