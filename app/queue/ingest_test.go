package queue_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/store"
	"github.com/bonafide-app/bonafide/app/store/enginetest"
	"github.com/bonafide-app/bonafide/handlers"
)

// BenchmarkIngest sends signed deliveries to the webhook endpoint from several senders
// at once: how many are stored and answered a second, and how long the answer takes.
// Both databases reach the disk with every commit. While jobs run, they write what a
// review writes, and deliveries come at the rate that is to be stood.
func BenchmarkIngest(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { ingest(b, enginetest.SQLite(b), 0) })
	b.Run("sqlite while jobs run", func(b *testing.B) { ingest(b, enginetest.SQLite(b), 500) })
	b.Run("postgres", func(b *testing.B) { ingest(b, enginetest.StartServer(b).Database(b), 0) })
	b.Run("postgres while jobs run", func(b *testing.B) { ingest(b, enginetest.StartServer(b).Database(b), 500) })
}

// reviewing writes to the store like a review of a few dozen packages, which mostly waits.
func reviewing(s *store.Store) queue.Work {
	doc := []byte(`{"schema":"bonafide.report/v1","packages":"` + strings.Repeat("a package, as it is; ", 1000) + `"}`)
	return func(ctx context.Context, job queue.Job, _ queue.Attempt) error {
		for i := range 5 {
			select {
			case <-time.After(50 * time.Millisecond):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			if err := s.Put(ctx, fmt.Sprintf("%s %d", job.EventHead, i), doc[:2000], time.Hour); err != nil {
				return err
			}
		}
		return s.SaveReport(ctx, store.Report{Installation: job.Installation, Owner: job.Owner, Repo: job.Repo, Number: job.Number, Head: job.EventHead, JSON: doc, At: time.Now(), Conclusion: "success", Title: "Verified"})
	}
}

// ingest sends as fast as it is answered, or rate deliveries a second while jobs run.
func ingest(b *testing.B, database string, rate int) {
	const senders, secret = 16, "a secret of the benchmark"
	s, err := store.Open(b.Context(), database)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	q, err := queue.Open(b.Context(), s, queue.Options{Workers: 32}, reviewing(s))
	if err != nil {
		b.Fatal(err)
	}
	due := make(chan struct{})
	close(due)
	if rate > 0 {
		if err := q.Start(b.Context()); err != nil {
			b.Fatal(err)
		}
		defer func() {
			if err := q.Stop(context.WithoutCancel(b.Context())); err != nil {
				b.Error(err)
			}
		}()
		due = make(chan struct{}, b.N)
		go func() {
			begin := time.Now()
			for n := range b.N {
				time.Sleep(time.Until(begin.Add(time.Duration(n) * time.Second / time.Duration(rate))))
				due <- struct{}{}
			}
		}()
	}
	endpoint, err := handlers.NewEndpoint(secret, 1, q, zerolog.Nop())
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(endpoint)
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: senders}}
	defer client.CloseIdleConnections()
	send := func(number int64) error {
		body := fmt.Sprintf(`{"action":"opened","number":%d,"pull_request":{"number":%d,"head":{"sha":"%040x"}},
			"installation":{"id":9},"repository":{"id":5,"full_name":"acme/web"}}`, number, number, number)
		r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, server.URL+handlers.Route, strings.NewReader(body))
		if err != nil {
			return err
		}
		mac := hmac.New(sha256.New, []byte(secret))
		io.WriteString(mac, body)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-GitHub-Event", "pull_request")
		r.Header.Set("X-GitHub-Delivery", uuid.NewString())
		r.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
		answer, err := client.Do(r)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			return err
		}
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("answered %s", answer.Status)
		}
		return nil
	}

	var number atomic.Int64
	took := make([]time.Duration, b.N)
	var wg sync.WaitGroup
	b.ResetTimer()
	for range senders {
		wg.Go(func() {
			for n := number.Add(1); n <= int64(b.N); n = number.Add(1) {
				<-due
				begin := time.Now()
				if err := send(n); err != nil {
					b.Error(err)
					return
				}
				took[n-1] = time.Since(begin)
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	var stored int
	if err := s.DB().QueryRowContext(b.Context(), `SELECT count(*) FROM river_job`).Scan(&stored); err != nil || stored != b.N {
		b.Fatalf("%d of %d are stored, %v", stored, b.N, err)
	}
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
	b.ReportMetric(float64(took[(len(took)-1)*99/100])/float64(time.Millisecond), "p99-ms")
}
