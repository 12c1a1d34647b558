package lockfile

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tailscale/hujson"
)

func TestCommentsAndTrailingCommasBecomeBlanks(t *testing.T) {
	for in, want := range map[string]string{
		"{}":                                  "{}",
		"{\"a\": [1, 2,],}":                   "{\"a\": [1, 2 ] }",
		"[1, // one,\n2 /* two, */ , /*]*/ ]": "[1,        \n2" + strings.Repeat(" ", 20) + "]",
		`{"a//b": "/* no */ , ]"}`:            `{"a//b": "/* no */ , ]"}`,
		`["\"//", "\\", // c` + "\n]":         `["\"//", "\\"      ` + "\n]",
		"[1,/*\r\n*/]":                        "[1   \r\n  ]",
		"[// ü\r\n]":                          "[     \r\n]",
		// What is no JSON stays so.
		"[,]": "[,]", "[1,,]": "[1,,]", "{\"a\":,}": "{\"a\":,}", "{,}": "{,}", ",]": ",]", "[1 / 2]": "[1 / 2]",
		`["open, ]`: `["open, ]`, `["\`: `["\`, "1,": "1,", "/": "/",
	} {
		got, open := standardJSON([]byte(in))
		if got != want || open >= 0 {
			t.Errorf("%q: %q, %d, want %q", in, got, open, want)
		}
	}
}

// A reader that ends the line elsewhere would see what to another is a comment.
func TestACommentMustHaveAnEndThatEveryReaderSees(t *testing.T) {
	for in, at := range map[string]int{
		"[1] // c": 4, "[1] /* c": 4, "[1] /*/": 4, "[1, /* ]": 4, "[ // a\r 2\n]": 2, "[ // a\u2028 2\n]": 2, "[ // a\u2029 2\n]": 2,
	} {
		if _, open := standardJSON([]byte(in)); open != at {
			t.Errorf("%q: %d, want %d", in, open, at)
		}
	}
	e, _ := parseError(t, "bun.lock", "{\n/*\n\n")
	if e.Kind != NotJSON || e.Line != 2 {
		t.Errorf("%+v", e)
	}
}

func FuzzStandardJSON(f *testing.F) {
	for _, seed := range []string{
		"{}", "[1,]", "{\"a\": [1, 2,],}", "[,]", "[1,,]", "{,}", "[1,}", "// a\n{}/* b */", "[ // a\r\n]", "[/*/]", `{"a//b": "/*\"\\", /*,*/}`, "[1 /2]", "[\"\\u002c\", ]", "[1/**/,/**/]", ",", "[\"a\n\",]", "/",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !utf8.Valid(data) || len(bytes.TrimSpace(data)) == 0 {
			return // Parse has refused it
		}
		got, open := standardJSON(data)
		if open < 0 && (len(got) != len(data) || strings.Count(got, "\n") != bytes.Count(data, []byte("\n"))) {
			t.Fatalf("%q becomes %q: not as long", data, got)
		}
		want, err := hujson.Standardize(bytes.Clone(data))
		switch {
		case err == nil && open >= 0:
			if i := bytes.IndexByte(data, '\r'); i < 0 { // it lets one end nothing
				t.Errorf("%q is refused", data)
			}
		case err == nil && got != string(want):
			t.Errorf("%q becomes %q, want %q", data, got, want)
		case err != nil && open < 0:
			r, err := newJSONCReader(file{"bun.lock", data}, bunAgain)
			if err == nil {
				if err = r.skip(); err == nil {
					err = r.end()
				}
			}
			if err == nil {
				t.Errorf("%q is read as %q", data, got)
			}
		}
	})
}
