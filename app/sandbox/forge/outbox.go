package forge

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Delivery is one attempt, or the plan of one, to deliver a webhook.
type Delivery struct {
	ID           int64  // of the attempt; 0 before it was made
	GUID         string // the same for every attempt at one event
	Event        string // "pull_request"
	Action       string // "opened", "" if the event has none
	Installation int64
	Repository   int64 // 0 if none
	Payload      []byte
	Redelivery   bool
	At           time.Time
	Duration     time.Duration
	Status       string // "OK", or what went wrong
	StatusCode   int    // the receiver's, 0 if it gave none

	requestHeader  http.Header
	responseHeader http.Header
	response       string
}

// Fate is what becomes of an event's delivery.
type Fate int

// The fates. The zero value sends at once.
const (
	Send   Fate = iota // in order, at once
	Double             // twice, with one GUID
	Hold               // kept until Deliver
	Lose               // never arrives; the delivery log says that it timed out
	Vanish             // never arrives, and the delivery log does not know of it
)

// SetFate decides over every delivery from now on; nil sends all. It is called
// with the plan of the delivery, in the order of events, and must not call the server.
func (s *Server) SetFate(fate func(Delivery) Fate) {
	s.outbox.mu.Lock()
	defer s.outbox.mu.Unlock()
	s.outbox.fate = fate
}

// Deliver sends what is held as arrange gives it back: in another order, some of it
// twice; nil keeps the order of events. It returns when all of it was answered.
func (s *Server) Deliver(ctx context.Context, arrange func([]Delivery) []Delivery) error {
	o := s.outbox
	o.mu.Lock()
	held := o.held
	o.held = nil
	if arrange != nil {
		held = arrange(held)
	}
	o.queue = append(o.queue, held...)
	o.cond.Broadcast()
	o.mu.Unlock()
	return s.flush(ctx)
}

// Held lists what waits for Deliver.
func (s *Server) Held() []Delivery {
	s.outbox.mu.Lock()
	defer s.outbox.mu.Unlock()
	return slices.Clone(s.outbox.held)
}

// Deliveries is the delivery log, newest first, as far as GitHub keeps it (3 days).
func (s *Server) Deliveries() []Delivery {
	oldest := s.now().Add(-deliveryRetention)
	o := s.outbox
	o.mu.Lock()
	defer o.mu.Unlock()
	var log []Delivery
	for _, d := range slices.Backward(o.log) {
		if d.At.After(oldest) {
			log = append(log, d)
		}
	}
	return log
}

// Redeliver sends the event of a logged delivery again, with its GUID.
func (s *Server) Redeliver(ctx context.Context, id int64) error {
	for _, d := range s.Deliveries() {
		if d.ID == id {
			s.outbox.add(again(d))
			return s.flush(ctx)
		}
	}
	return fmt.Errorf("delivery %d: %w", id, ErrNotFound)
}

func again(d Delivery) Delivery {
	return Delivery{GUID: d.GUID, Event: d.Event, Action: d.Action, Installation: d.Installation, Repository: d.Repository, Payload: d.Payload, Redelivery: true}
}

// Flush waits until everything that is to be sent was answered, or could not be.
func (s *Server) Flush(ctx context.Context) error { return s.flush(ctx) }

// outbox delivers webhooks one after the other, in the order of events.
type outbox struct {
	server *Server
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex // guards all below
	cond   *sync.Cond
	fate   func(Delivery) Fate
	queue  []Delivery
	held   []Delivery
	log    []Delivery // oldest first
	lastID int64
	busy   bool
	ended  bool
}

func newOutbox(s *Server) *outbox {
	o := &outbox{server: s, done: make(chan struct{}), lastID: 500_000}
	o.ctx, o.cancel = context.WithCancel(context.Background())
	o.cond = sync.NewCond(&o.mu)
	go o.work()
	return o
}

func (o *outbox) close() {
	o.cancel()
	o.mu.Lock()
	o.ended = true
	o.cond.Broadcast()
	o.mu.Unlock()
	<-o.done
}

func (o *outbox) work() {
	defer close(o.done)
	for {
		o.mu.Lock()
		for len(o.queue) == 0 && !o.ended {
			o.cond.Wait()
		}
		if o.ended {
			o.busy = false
			o.mu.Unlock()
			return
		}
		d := o.queue[0]
		o.queue = o.queue[1:]
		o.busy = true
		o.mu.Unlock()
		d = o.send(d)
		o.mu.Lock()
		o.record(d)
		o.busy = false
		o.cond.Broadcast()
		o.mu.Unlock()
	}
}

// record writes the log. The caller holds the lock.
func (o *outbox) record(d Delivery) {
	o.lastID++
	d.ID = o.lastID
	o.log = append(o.log, d)
}

// add decides over a delivery.
func (o *outbox) add(d Delivery) {
	o.mu.Lock()
	defer o.mu.Unlock()
	fate := Send
	if o.fate != nil {
		fate = o.fate(d)
	}
	switch fate {
	case Send:
		o.queue = append(o.queue, d)
	case Double:
		o.queue = append(o.queue, d, d)
	case Hold:
		o.held = append(o.held, d)
	case Lose:
		d.At, d.Duration, d.Status, d.StatusCode = o.server.now(), webhookTimeout, "timed out", http.StatusGatewayTimeout
		o.record(d)
	}
	o.cond.Broadcast()
}

// flush waits until the queue is empty.
func (s *Server) flush(ctx context.Context) error {
	o := s.outbox
	stop := context.AfterFunc(ctx, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.cond.Broadcast()
	})
	defer stop()
	o.mu.Lock()
	defer o.mu.Unlock()
	for (len(o.queue) > 0 || o.busy) && !o.ended && ctx.Err() == nil {
		o.cond.Wait()
	}
	return ctx.Err()
}

// send makes one attempt and says how it went.
func (o *outbox) send(d Delivery) Delivery {
	s := o.server
	s.mu.RLock()
	address, as := s.webhookURL, s.app // which a manifest replaces
	s.mu.RUnlock()
	d.At = s.now()
	started := time.Now()
	defer func() { d.Duration = time.Since(started) }()
	if address == "" {
		d.Status = "no webhook address"
		return d
	}
	req, err := http.NewRequestWithContext(o.ctx, http.MethodPost, address, bytes.NewReader(d.Payload))
	if err != nil {
		d.Status = err.Error()
		return d
	}
	req.Header = http.Header{
		"Accept":                                 {"*/*"},
		"Content-Type":                           {"application/json"},
		"User-Agent":                             {"GitHub-Hookshot/sandbox"},
		"X-Github-Delivery":                      {d.GUID},
		"X-Github-Event":                         {d.Event},
		"X-Github-Hook-Id":                       {strconv.FormatInt(as.id+1, 10)},
		"X-Github-Hook-Installation-Target-Id":   {strconv.FormatInt(as.id, 10)},
		"X-Github-Hook-Installation-Target-Type": {"integration"},
		"X-Hub-Signature":                        {"sha1=" + sign(sha1.New, as.secret, d.Payload)},
		"X-Hub-Signature-256":                    {"sha256=" + sign(sha256.New, as.secret, d.Payload)},
	}
	d.requestHeader = maps.Clone(req.Header)
	resp, err := s.client.Do(req)
	if err != nil {
		d.Status = "failed to connect to host"
		return d
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxLoggedResponse)) // what could be read is what is logged
	d.StatusCode, d.responseHeader, d.response = resp.StatusCode, resp.Header, string(body)
	d.Status = "OK"
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		d.Status = fmt.Sprintf("Invalid HTTP Response: %d", resp.StatusCode)
	}
	return d
}

func sign(h func() hash.Hash, secret string, payload []byte) string {
	mac := hmac.New(h, []byte(secret))
	mac.Write(payload)
	return hex.EncodeToString(mac.Sum(nil))
}

// emit plans the delivery of an event to the App. The caller holds the server's lock.
func (s *Server) emit(event, action string, in *Installation, r *Repository, payload object) {
	d := Delivery{GUID: uuid.NewString(), Event: event, Action: action, At: s.now()}
	if action != "" {
		payload["action"] = action
	}
	if in != nil {
		d.Installation = in.ID
	}
	if r != nil {
		d.Repository = r.ID
	}
	raw, err := json.Marshal(payload)
	if err != nil {
		panic(err) // a payload is made of strings, numbers, maps and lists
	}
	d.Payload = raw
	s.outbox.add(d)
}
