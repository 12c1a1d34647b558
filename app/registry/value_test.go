package registry

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

func TestMembersOfWhatIsNoObject(t *testing.T) {
	for _, v := range []string{"", "null", "[]", `"{"`, "1", "{}", "{", `{"`, `{"a`, `{"a"`, `{"a":`, `{"a":}`, `{"a",1}`, `{]`, `{,}`, `{:}`, `{"a":]`} {
		for name, value := range membersOf(jsontext.Value(v)) {
			t.Errorf("%s has %s: %s", v, name, value)
		}
	}
}

// It finds what a decoder finds, and ends where there is nothing to find.
func FuzzMembers(f *testing.F) {
	for _, v := range []string{
		`{"a":1,"b":{"a":"}"},"c":["]","\\"],"d\u0061":true, "e" : -1.5e+3 ,"":null}`, `{"a":"\"\\\"","b":"\ud800"}`, "{\"a\":\"\xff\",\"\xff\":1}", `{"a":1`, `{"a":[1,2}`, `{"a":1 2}`,
	} {
		f.Add([]byte(v))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		found, all := map[string]string{}, 0
		for name, value := range membersOf(data) {
			found[unquote(name)] = string(value)
			all++
		}
		want := map[string]jsontext.Value{}
		if len(data) == 0 || data[0] != '{' || json.Unmarshal(data, &want, jsontext.AllowInvalidUTF8(true)) != nil {
			return
		}
		if all != len(want) || len(found) != len(want) {
			t.Fatalf("%q: %d members, want %d", data, all, len(want))
		}
		for name, value := range want {
			plain := !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' })
			if found[name] != string(value) || plain && string(member(data, name)) != string(value) {
				t.Errorf("%q: %q is %q, want %q", data, name, found[name], value)
			}
			var s string
			if value.Kind() == '"' && json.Unmarshal(value, &s, jsontext.AllowInvalidUTF8(true)) == nil && unquote(value) != s {
				t.Errorf("%q is %q, want %q", value, unquote(value), s)
			}
		}
	})
}
