// Package samples holds the sample pull requests of the demo: a small shop whose
// lockfile changes in one way each. All packages, people and repositories in it
// are invented.
package samples
