package registry

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// host is a registry without a network: the clock is a test's own.
type host struct {
	mu     sync.Mutex
	asked  int
	answer func(r *http.Request) (status int, retryAfter string, err error)
}

func (h *host) RoundTrip(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	h.asked++
	answer := h.answer
	h.mu.Unlock()
	status, after, err := answer(r)
	if err != nil {
		return nil, err
	}
	name, version, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	resp := &http.Response{StatusCode: status, Header: http.Header{}, Request: r,
		Body: io.NopCloser(strings.NewReader(versionDocument(name, version)))}
	if after != "" {
		resp.Header.Set("Retry-After", after)
	}
	return resp, nil
}

func (h *host) says(status int, retryAfter string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = func(*http.Request) (int, string, error) { return status, retryAfter, nil }
}

// requests is how many were made since the last call.
func (h *host) requests() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := h.asked
	h.asked = 0
	return n
}

// behind makes a registry of a host.
func behind(t *testing.T, h *host) (*NPM, *Client) {
	t.Helper()
	client, err := New(Options{Transport: h, RetryWait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	npm, err := NewNPM(client, "https://npm.example/")
	if err != nil {
		t.Fatal(err)
	}
	return npm, client
}

// ask asks for so many releases at once and returns what failed.
func ask(t *testing.T, npm *NPM, releases int) (failed []error) {
	t.Helper()
	errs := make(chan error)
	for i := range releases {
		go func() {
			_, err := npm.Release(t.Context(), pkg(fmt.Sprintf("p%d", i), "1.0.0"))
			errs <- err
		}()
	}
	for range releases {
		if err := <-errs; err != nil {
			failed = append(failed, err)
		}
	}
	return failed
}

func TestAHostThatLimitsIsLeftAloneByEverybody(t *testing.T) {
	for name, x := range map[string]struct {
		status      int
		after       string
		least, most time.Duration
	}{
		"429 with a time":        {429, "60", time.Minute, 68 * time.Second},
		"503 with a time":        {503, "60", time.Minute, 68 * time.Second},
		"429 with a date":        {429, "Sat, 01 Jan 2000 00:02:00 GMT", 119 * time.Second, 136 * time.Second},
		"429 for years":          {429, "99999999999999999999", time.Hour, 68 * time.Minute},
		"429 without a time":     {429, "", 10 * time.Second, 12 * time.Second},
		"429 with a past date":   {429, "Sat, 01 Jan 1999 00:00:00 GMT", 10 * time.Second, 12 * time.Second},
		"429 with garbage":       {429, "soon", 10 * time.Second, 12 * time.Second},
		"429 with less than not": {429, "-7", 10 * time.Second, 12 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &host{}
				h.says(x.status, x.after)
				npm, client := behind(t, h)
				if len(ask(t, npm, 1)) != 1 {
					t.Fatal("a limit is no answer")
				}
				at := time.Now()
				h.requests()
				failed := ask(t, npm, 100)
				if len(failed) != 100 || h.requests() != 0 || !time.Now().Equal(at) {
					t.Fatalf("%d failed, after %v", len(failed), time.Since(at))
				}
				var f *Failure
				if !errors.As(failed[0], &f) || f.RetryAfter < x.least || f.RetryAfter > x.most {
					t.Fatalf("%+v", failed[0])
				}
				want := fmt.Sprintf("npm.example is not asked until %s UTC, because it limits requests (status %d)", at.Add(f.RetryAfter).UTC().Format(time.TimeOnly), x.status)
				if !strings.Contains(f.Reason, want) {
					t.Errorf("%q lacks %q", f.Reason, want)
				}
				if hosts := client.Hosts(); len(hosts) != 1 || hosts[0].Name != "npm.example" || hosts[0].State != Open || hosts[0].Until.Sub(at) != f.RetryAfter || client.Rest() != f.RetryAfter {
					t.Errorf("%+v", hosts)
				}
				h.says(200, "")
				time.Sleep(f.RetryAfter)
				if failed := ask(t, npm, 100); len(failed) != 0 || client.Hosts()[0].State != Closed || client.Rest() != 0 {
					t.Errorf("afterwards: %v, %+v", failed, client.Hosts())
				}
			})
		})
	}
}

func TestAShortLimitIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limited := 3 // the attempts of one request
		var mu sync.Mutex
		h := &host{answer: func(*http.Request) (int, string, error) {
			mu.Lock()
			defer mu.Unlock()
			if limited--; limited >= 0 {
				return 429, "2", nil
			}
			return 200, "", nil
		}}
		npm, _ := behind(t, h)
		if len(ask(t, npm, 1)) != 1 {
			t.Fatal("three limits in a row are no answer")
		}
		at := time.Now()
		if failed := ask(t, npm, 100); len(failed) != 0 || time.Since(at) < 2*time.Second {
			t.Errorf("%v after %v", failed, time.Since(at))
		}
		h.says(429, "2") // for ever
		if failed := ask(t, npm, 100); len(failed) != 100 || time.Since(at) > 2*time.Minute {
			t.Errorf("%d failed after %v", len(failed), time.Since(at))
		}
	})
}

func TestAHostThatIsDownIsAskedSeldomUntilItIsBack(t *testing.T) {
	for name, answer := range map[string]func(*http.Request) (int, string, error){
		"5xx":     func(*http.Request) (int, string, error) { return 502, "", nil },
		"refused": func(*http.Request) (int, string, error) { return 0, "", syscall.ECONNREFUSED },
		"silent":  func(r *http.Request) (int, string, error) { <-r.Context().Done(); return 0, "", r.Context().Err() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &host{answer: answer}
				npm, client := behind(t, h)
				if failed := ask(t, npm, failuresToOpen); len(failed) != failuresToOpen {
					t.Fatal(failed)
				}
				h.requests()
				var longest time.Duration
				for range 12 {
					state := client.Hosts()[0]
					if state.State != Open {
						t.Fatalf("%+v", state)
					}
					failed := ask(t, npm, 50)
					if len(failed) != 50 || h.requests() != 0 || !strings.Contains(failed[0].Error(), "npm.example is not asked until") {
						t.Fatalf("%v", failed[0])
					}
					longest = max(longest, client.Rest())
					time.Sleep(client.Rest())
					if s := client.Hosts()[0].State; s != HalfOpen {
						t.Errorf("%s", s)
					}
					if ask(t, npm, 50); h.requests() > retries+1 {
						t.Error("more than one request tries")
					}
				}
				if longest < maxOpen/2 || longest > maxOpen {
					t.Errorf("left alone for %v at most", longest)
				}
				h.says(200, "")
				time.Sleep(client.Rest())
				if failed := ask(t, npm, 50); len(failed) != 0 || client.Hosts()[0].State != Closed {
					t.Errorf("%v, %+v", failed, client.Hosts())
				}
			})
		})
	}
}

func TestAFewFailuresAmongManyAnswersShutNoDoor(t *testing.T) {
	for name, bad := range map[string]func(r *http.Request) (int, string, error){
		"not there":       func(*http.Request) (int, string, error) { return 404, "", nil },
		"refused access":  func(*http.Request) (int, string, error) { return 403, "", nil },
		"wrong documents": func(r *http.Request) (int, string, error) { r.URL.Path = "/other/9.9.9"; return 200, "", nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				npm, client := behind(t, &host{answer: bad})
				if ask(t, npm, 200); client.Hosts()[0].State != Closed {
					t.Errorf("%+v", client.Hosts())
				}
			})
		})
	}
	t.Run("slow answers", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := &host{answer: func(r *http.Request) (int, string, error) {
				if strings.HasSuffix(strings.Split(r.URL.Path, "/")[1], "7") { // a tenth
					<-r.Context().Done()
					return 0, "", r.Context().Err()
				}
				time.Sleep(time.Second)
				return 200, "", nil
			}}
			npm, _ := behind(t, h)
			if failed := ask(t, npm, 1000); len(failed) != 100 {
				t.Errorf("%d failed", len(failed))
			}
		})
	})
}

func TestOneAddressThatNeverAnswersShutsNoDoor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		npm, client := behind(t, &host{answer: func(r *http.Request) (int, string, error) {
			<-r.Context().Done()
			return 0, "", r.Context().Err()
		}})
		for range 3 * failuresToOpen {
			if failed := ask(t, npm, 1); len(failed) != 1 || client.Hosts()[0].State != Closed {
				t.Fatalf("%v, %+v", failed, client.Hosts())
			}
		}
	})
}

// Whoever comes after the first few reads in the check what the operator is to mend.
func TestAHostThatIsNotAskedSaysWhatItsTroubleIs(t *testing.T) {
	for want, err := range map[string]error{
		"because it has a TLS certificate that is not trusted":        x509.UnknownAuthorityError{},
		"because it cannot be found (its name could not be resolved)": &net.DNSError{Err: "no such host", Name: "npm.example", IsNotFound: true},
		"because it refused the connection":                           syscall.ECONNREFUSED,
		"because the connection to it failed":                         errors.New("odd"),
		"because it did not answer in time":                           os.ErrDeadlineExceeded,
		"because it answered with status 502":                         nil,
	} {
		synctest.Test(t, func(t *testing.T) {
			npm, _ := behind(t, &host{answer: func(*http.Request) (int, string, error) { return 502, "", err }})
			ask(t, npm, failuresToOpen)
			failed := ask(t, npm, 1)
			if len(failed) != 1 || !strings.HasSuffix(failed[0].Error(), want) {
				t.Errorf("%v lacks %q", failed, want)
			}
		})
	}
}

func TestWhoEndsWhileOthersWaitForAProbeLeavesTheDoorToThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &host{answer: func(*http.Request) (int, string, error) { return 500, "", nil }}
		npm, client := behind(t, h)
		ask(t, npm, failuresToOpen)
		time.Sleep(client.Rest())
		h.mu.Lock()
		h.answer = func(r *http.Request) (int, string, error) {
			if strings.HasPrefix(r.URL.Path, "/probe/") {
				<-r.Context().Done()
				return 0, "", r.Context().Err()
			}
			return 200, "", nil
		}
		h.mu.Unlock()
		ctx, leave := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { _, err := npm.Release(ctx, pkg("probe", "1.0.0")); ended <- err }()
		synctest.Wait()
		go func() { time.Sleep(time.Second); leave() }()
		if failed := ask(t, npm, 10); len(failed) != 0 {
			t.Error(failed)
		}
		if err := <-ended; err == nil {
			t.Error("the probe was left and has an answer")
		}
	})
}
