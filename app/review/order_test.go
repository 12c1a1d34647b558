package review

import (
	"errors"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
)

func TestCommandsAreReadStrictly(t *testing.T) {
	left := dep.Package{Ecosystem: dep.NPM, Name: "left", Version: "1.0.1"}
	scoped := dep.Package{Ecosystem: dep.NPM, Name: "@a/b", Version: "2.0.0-rc.1"}
	for body, want := range map[string]order{
		"/bonafide recheck":                                                 {recheck: true},
		"  /bonafide \t recheck \r\nplease":                                 {recheck: true},
		"/bonafide accept npm:left@1.0.1 too-new it is ours":                {about: left, rule: "too-new", reason: "it is ours"},
		"/bonafide accept npm:@a/b@2.0.0-rc.1 provenance-lost  ça\tva 👍\nx": {about: scoped, rule: "provenance-lost", reason: "ça va 👍"},
	} {
		if got, err := parseCommand(body); err != nil || got != want {
			t.Errorf("%q: %+v, %v", body, got, err)
		}
	}
	for body, says := range map[string]string{
		"/bonafide":                                                     "no such command",
		"/bonafide recheck now":                                         "no such command",
		"/bonafide approve":                                             "no such command",
		"/bonafide accept":                                              "no package and rule",
		"/bonafide accept npm:a@1":                                      "no package and rule",
		"/bonafide accept npm:a@1 x":                                    "no reason",
		"/bonafide accept npm:a too-new why":                            "not a package",
		"/bonafide accept left@1.0.1 too-new why":                       "not a package",
		"/bonafide accept pypi:a@1 too-new why":                         "not a package",
		"/bonafide accept npm:a@1 too-new a\x00b":                       "cannot be seen",
		"/bonafide accept npm:a@1 too-new a\xffb":                       "cannot be seen",
		"/bonafide accept npm:a@1 too-new \u202eevil":                   "cannot be seen",
		"/bonafide accept npm:a@1 too-new " + strings.Repeat("x", 2000): "longer than",
	} {
		var refused errCommand
		if got, err := parseCommand(body); !errors.As(err, &refused) || !strings.Contains(err.Error(), says) || len(err.Error()) > 300 {
			t.Errorf("%.60q: %+v, %v", body, got, err)
		}
	}
	for _, body := range []string{"", "\n/bonafide recheck", "bonafide recheck", "/bonafide-x recheck", "/BONAFIDE recheck", "> /bonafide recheck", "x /bonafide recheck"} {
		if IsCommand(body) {
			t.Errorf("%q is taken for a command", body)
		}
	}
}

func FuzzCommand(f *testing.F) {
	f.Add("/bonafide accept npm:left@1.0.1 too-new it is ours")
	f.Fuzz(func(t *testing.T, body string) {
		got, err := parseCommand(body)
		if err == nil && !got.recheck && (got.about.Version == "" || got.reason == "" || len(got.reason) > MaxCommandBytes || strings.ContainsAny(got.reason, "\n\r\x00")) {
			t.Fatalf("%+v", got)
		}
	})
}
