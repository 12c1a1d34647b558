package npm

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Fault is a way in which answers go wrong. Exactly one of Status, Stall,
// Truncate, Cut and Body is set.
type Fault struct {
	Kind  Kind // the documents that it hits; "" hits all
	Times int  // how many requests it hits; 0 hits all until it is mended

	Status     int           // this status and no document
	RetryAfter time.Duration // with Status: when to come again
	Stall      bool          // nothing comes until the client goes away
	Truncate   bool          // the connection ends in the middle of the body
	Cut        bool          // half of the body comes, as if it were whole
	Body       string        // this comes instead, with status 200
}

// HTMLPage is the fault of a proxy that answers everything with its own page.
func HTMLPage() Fault {
	return Fault{Body: "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Sign in to continue</h1></body></html>\n"}
}

// OtherJSON is the fault of an answer that is JSON and not the document.
func OtherJSON() Fault { return Fault{Body: `{"ok":true}`} }

// Status is the fault of a registry that answers everything with one status.
func Status(code int) Fault { return Fault{Status: code} }

type faults struct {
	mu      sync.Mutex
	byName  map[string]Fault // by package, "" for all requests
	weather func(Request) (Fault, bool)
}

// SetWeather asks weather before every answer whether it goes wrong, and how; nil
// ends that. What Break broke stays broken. It is called from many goroutines at once.
func (r *Registry) SetWeather(weather func(Request) (Fault, bool)) {
	r.faults.mu.Lock()
	defer r.faults.mu.Unlock()
	r.faults.weather = weather
}

// Break makes answers about a package go wrong; "" stands for every answer. A
// later fault replaces an earlier one of the same name.
func (r *Registry) Break(name string, f Fault) error {
	set := 0
	for _, is := range []bool{f.Status != 0, f.Stall, f.Truncate, f.Cut, f.Body != ""} {
		if is {
			set++
		}
	}
	if set != 1 {
		return fmt.Errorf("the fault of %q: exactly one of Status, Stall, Truncate, Cut and Body must be set", name)
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		return fmt.Errorf("the fault of %q: %d is no status", name, f.Status)
	}
	r.faults.mu.Lock()
	defer r.faults.mu.Unlock()
	if r.faults.byName == nil {
		r.faults.byName = map[string]Fault{}
	}
	r.faults.byName[name] = f
	return nil
}

// Mend takes the fault of a package away; "" takes all faults away.
func (r *Registry) Mend(name string) {
	r.faults.mu.Lock()
	defer r.faults.mu.Unlock()
	if name == "" {
		clear(r.faults.byName)
		return
	}
	delete(r.faults.byName, name)
}

// hit returns the fault that a request meets, and counts it.
func (f *faults) hit(q Request) (Fault, bool) {
	f.mu.Lock()
	weather := f.weather
	f.mu.Unlock()
	if weather != nil {
		if fault, ok := weather(q); ok {
			return fault, true
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	names := []string{""}
	if q.Name != "" {
		names = []string{q.Name, ""}
	}
	for _, name := range names {
		fault, ok := f.byName[name]
		if !ok || fault.Kind != "" && fault.Kind != q.Kind {
			continue
		}
		switch fault.Times {
		case 0:
		case 1:
			delete(f.byName, name)
		default:
			fault.Times--
			f.byName[name] = fault
		}
		return fault, true
	}
	return Fault{}, false
}

// apply answers in the fault's way.
func (f Fault) apply(w http.ResponseWriter, req *http.Request, a answer) {
	switch {
	case f.Stall:
		<-req.Context().Done()
	case f.Status != 0:
		if f.RetryAfter > 0 {
			w.Header().Set("Retry-After", fmt.Sprint(int(f.RetryAfter/time.Second)))
		}
		failure(f.Status, http.StatusText(f.Status)).write(w, req)
	case f.Body != "":
		answer{status: http.StatusOK, mime: http.DetectContentType([]byte(f.Body)), body: []byte(f.Body)}.write(w, req)
	case f.Cut:
		a.body = a.body[:len(a.body)/2]
		a.write(w, req)
	case f.Truncate:
		w.Header().Set("Content-Type", a.mime)
		w.Header().Set("Content-Length", fmt.Sprint(len(a.body)))
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body[:len(a.body)/2]) // fewer than announced: the server ends the connection
	}
}
