package web

import (
	"net/http"
	"strings"
	"testing"
)

func TestTheIconOfThePagesIsThere(t *testing.T) {
	h, _ := site(t, newFakeStore(), nil)
	if !strings.Contains(get(h, "/").Body.String(), `<link rel="icon" href="/-/icon.svg"`) {
		t.Error("browsers have to ask for an icon of their own choice")
	}
	w := get(h, "/-/icon.svg")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "image/svg+xml" || !strings.HasPrefix(w.Body.String(), "<svg") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}
