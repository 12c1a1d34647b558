package checks

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// answering lets every call be answered with a body.
func answering(t *testing.T, path string, body []byte) *Forge {
	h := newHub(t)
	h.routes["GET "+path] = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }
	return h.forge()
}

func FuzzDeliveries(f *testing.F) {
	f.Add([]byte(`[{"id":1,"guid":"a","delivered_at":"2026-05-01T12:00:00Z","status":"OK","status_code":200,"event":"push"}]`))
	f.Add([]byte(`[{"id":-1,"guid":"\u0000"}]`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, body []byte) {
		list, next, err := answering(t, "/app/hook/deliveries", body).Deliveries(t.Context(), "")
		for _, d := range list {
			if err != nil || d.ID <= 0 || d.GUID == "" || d.At.IsZero() || d.OK && d.Status/100 != 2 {
				t.Fatalf("%+v, %v", d, err)
			}
		}
		if next != "" {
			t.Fatalf("the body led on to %q", next)
		}
	})
}

func FuzzMalwareSince(f *testing.F) {
	f.Add([]byte(`[{"ghsa_id":"GHSA-1","type":"malware","updated_at":"2026-05-01T12:00:00Z","vulnerabilities":[{"package":{"ecosystem":"npm","name":"left-pad"}},{"package":null}]}]`))
	f.Add([]byte(`[{}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		since := now.Add(-time.Hour)
		list, err := answering(t, "/advisories", body).MalwareSince(t.Context(), 9, since)
		for _, a := range list {
			if err != nil || a.ID == "" || a.Updated.Before(since) {
				t.Fatalf("%+v, %v", a, err)
			}
		}
	})
}

// FuzzLimits: whatever GitHub states, nobody waits for longer than is sensible.
func FuzzLimits(f *testing.F) {
	f.Add(403, "60", "0", "1777636920", "core", "")
	f.Add(429, laterDate, "-1", "99999999999999999999", "graphql", "")
	f.Add(403, "", "7", "-5", "", `{"message":"You have exceeded a secondary rate limit"}`)
	f.Fuzz(func(t *testing.T, status int, after, remaining, reset, resource, body string) {
		h := http.Header{}
		for k, v := range map[string]string{"Retry-After": after, "X-Ratelimit-Remaining": remaining, "X-Ratelimit-Limit": remaining, "X-Ratelimit-Reset": reset, "X-Ratelimit-Resource": resource} {
			h.Set(k, v)
		}
		l, err := limitOf(&http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))})
		if err != nil || l != nil && status != 403 && status != 429 {
			t.Fatalf("%+v, %v", l, err)
		}
		if d, ok := statedWait(after, now); d < 0 || d > MaxWait || !ok && d != 0 {
			t.Fatalf("%q is %v", after, d)
		}
		if l != nil {
			if d, ok := l.wait(now); d < 0 || ok && d == 0 && after == "" {
				t.Fatalf("%+v is %v", l, d)
			}
		}
		c := &call{}
		if c.read(h); c.limit < 0 || c.remaining < 0 {
			t.Fatalf("%+v", c)
		}
	})
}
