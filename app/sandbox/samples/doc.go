// Package samples holds the sample pull requests of the demo. Those of Samples are a
// small shop whose lockfile changes in one way each: all packages, people and
// repositories in it are invented. Those of Incidents re-enact real attacks: names and
// versions are history, contents, accounts and dates are made up.
package samples
