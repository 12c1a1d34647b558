// Package icon is the mark of the product in a browser's tab. All pages name it, so that no
// browser asks for one that is not there.
package icon

import (
	_ "embed"
	"net/http"
)

//go:embed icon.svg
var svg []byte

// Route is the pattern that Serve answers. The path of it stands in every page's head.
const Route = "GET /-/icon.svg"

// Serve answers with the mark, for everybody.
func Serve(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "image/svg+xml")
	h.Set("Content-Security-Policy", "default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "public, max-age=86400")
	_, _ = w.Write(svg) // the client is gone if this fails
}
