package queue_test

import (
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
// Both databases reach the disk with every commit.
func BenchmarkIngest(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { ingest(b, enginetest.SQLite(b)) })
	b.Run("postgres", func(b *testing.B) { ingest(b, enginetest.StartServer(b).Database(b)) })
}

func ingest(b *testing.B, database string) {
	const senders, secret = 16, "a secret of the benchmark"
	s, err := store.Open(b.Context(), database)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	q, err := queue.Open(b.Context(), s, queue.Options{}, nil)
	if err != nil {
		b.Fatal(err)
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
