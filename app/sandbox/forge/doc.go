// Package forge is a GitHub over bare git repositories: enough of it for the App
// to do its whole job on one machine, in the demo and in tests.
//
// Commits, trees, merge bases and patches are git's own. Around them stand pull
// requests (from branches and forks), check runs, reviews, comments, merge groups,
// installations with expiring tokens, and webhooks that are signed and sent over
// HTTP. GitHub's rules are enforced, the awkward ones above all: annotations are
// appended, one comment off the diff refuses a whole review, large patches are left
// out, lists end at 300 or 3,000 files. A test holds every answer and every payload
// against GitHub's OpenAPI description and GraphQL schema (package contract).
//
// The REST API stands below /api/v3/, as on GitHub Enterprise Server, and of GraphQL
// what REST cannot do: reactions to reviews, threads, minimising; the other
// addresses are pages that show pull requests and checks as GitHub would.
//
// It needs git 2.38 or newer on PATH.
package forge
