// Package bonafide holds the manifest of the GitHub App, so that a program that is built
// from this module knows what the App asks for.
package bonafide

import _ "embed"

//go:embed app.yml
var manifest []byte

// Manifest is app.yml.
func Manifest() []byte { return append([]byte(nil), manifest...) }
