// Package storm breaks things on purpose: real server processes work for a sandbox
// GitHub and a sandbox registry while both fail, deliveries get lost, come twice and in
// any order, processes are killed and stopped, and the database restarts. Afterwards a
// judge looks at what stands on every pull request.
//
// What people do in it is a pure function of the seed. What it meets is drawn from the
// seed too, but the order in which processes ask is theirs.
package storm
