package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// documents is a host whose documents of a package come in two parts, the second one when
// a test lets it.
type documents struct {
	first, second string
	reached       chan struct{} // told of each that is read to its second part
	let           chan struct{} // closed when it may come
}

func (d *documents) RoundTrip(r *http.Request) (*http.Response, error) {
	later := readerFunc(func([]byte) (int, error) {
		d.reached <- struct{}{}
		select {
		case <-d.let:
			return 0, io.EOF
		case <-r.Context().Done():
			return 0, r.Context().Err()
		}
	})
	name := strings.TrimPrefix(r.URL.Path, "/")
	body := io.MultiReader(strings.NewReader(fmt.Sprintf(d.first, name)), later, strings.NewReader(d.second))
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: r, Body: io.NopCloser(body)}, nil
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// packument is a document of so many releases without an end.
func packument(versions int) string {
	var b strings.Builder
	b.WriteString(`{"name":"%s","versions":{"0.0.0":{}`)
	for i := range versions {
		fmt.Fprintf(&b, `,"1.%d.0":{}`, i)
	}
	return b.String()
}

func TestFewDocumentsThatHoldMuchAreReadAtATime(t *testing.T) {
	for name, x := range map[string]struct{ versions, most int }{
		"ordinary": {100, 20},
		"large":    {10_000, largePlaces},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &documents{first: packument(x.versions), second: "}}", reached: make(chan struct{}, 100), let: make(chan struct{})}
				client, err := New(Options{Transport: d})
				if err != nil {
					t.Fatal(err)
				}
				npm, err := NewNPM(client, "https://npm.example/")
				if err != nil {
					t.Fatal(err)
				}
				done := make(chan error)
				for i := range 20 {
					go func() {
						h, err := npm.History(t.Context(), fmt.Sprintf("p%d", i))
						if err == nil && len(h.Releases) != x.versions+1 {
							err = fmt.Errorf("%d releases", len(h.Releases))
						}
						done <- err
					}()
				}
				synctest.Wait()
				if n := len(d.reached); n != x.most {
					t.Errorf("%d at a time, want %d", n, x.most)
				}
				close(d.let)
				for range 20 {
					if err := <-done; err != nil {
						t.Error(err)
					}
				}
				if len(client.large) != 0 {
					t.Error("a place is held by nobody")
				}
			})
		})
	}
}

func TestWhoWaitsForAPlaceEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &documents{first: packument(10_000), second: "}}", reached: make(chan struct{}, 100)}
		client, err := New(Options{Transport: d, Timeout: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		npm, err := NewNPM(client, "https://npm.example/")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		for i := range 10 {
			go func() {
				_, err := npm.History(ctx, fmt.Sprintf("p%d", i))
				done <- err
			}()
		}
		synctest.Wait()
		cancel()
		for range 10 {
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
		synctest.Wait()
		if len(client.large) != 0 {
			t.Error("a place is held by nobody")
		}
	})
}

// One member is held at a time, however many bytes the whole has.
func TestNoSingleValueOfALargeDocumentIsHuge(t *testing.T) {
	huge := strings.Repeat("x", 2*maxVersionDocument)
	lines := strings.Repeat(`"`+strings.Repeat("y", 1<<20)+`",`, 5)
	var names strings.Builder
	for i := range maxKept>>20 + 1 {
		fmt.Fprintf(&names, `"%s%d":{},`, huge[:1<<20], i)
	}
	const tooLarge, tooMuch = "a value of more than 2 MiB", "more than 48 MiB to be kept of it"
	for name, x := range map[string]struct{ body, want string }{
		"a text":    {`{"readme":"` + huge + `","name":"p"}`, tooLarge},
		"a name":    {`{"` + huge + `":1,"name":"p"}`, tooLarge},
		"a list":    {`{"readme":[` + lines + `1],"name":"p"}`, tooLarge},
		"a release": {`{"name":"p","versions":{"1.0.0":{"dist":{"x":"` + huge + `"}}}}`, tooLarge},
		"names":     {`{"name":"p","versions":{` + names.String() + `"x":{}}}`, tooMuch},
	} {
		for asked, decode := range map[string]func(io.Reader) error{
			"history": func(r io.Reader) error { _, err := ParseHistory(r); return err },
			"times":   func(r io.Reader) error { _, err := decodeTimes("p")(r); return err },
			"release": func(r io.Reader) error { _, err := decodeVersion(pkg("p", "1.0.0"))(r); return err },
		} {
			t.Run(name+", "+asked, func(t *testing.T) {
				body := &bounded{r: strings.NewReader(x.body), left: maxPackument, limit: maxPackument,
					held: held{ctx: t.Context(), large: make(chan struct{}, 1)}}
				if err := decode(body); err == nil || body.err == nil || !strings.Contains(body.err.Error(), x.want) {
					t.Errorf("%.200v, %v lacks %q", err, body.err, x.want)
				}
			})
		}
	}
}
