package web

import (
	"context"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/store"
)

// storedReports are read from a database in a file; what else pages ask for is made up.
type storedReports struct {
	*fakeStore
	db *store.Store
}

func (s storedReports) Report(ctx context.Context, installation int64, owner, repo string, number int, head string) (store.Report, bool, error) {
	return s.db.Report(ctx, installation, owner, repo, number, head)
}

func (s storedReports) ReportAt(ctx context.Context, installation int64, owner, repo string, number int, head string) (time.Time, bool, error) {
	return s.db.ReportAt(ctx, installation, owner, repo, number, head)
}

func (s storedReports) Named(ctx context.Context, owner, name string) (store.Repository, bool, error) {
	return s.db.Named(ctx, owner, name)
}

func (s storedReports) InventoryOf(ctx context.Context, installation, repository int64) (store.Inventory, bool, error) {
	return s.db.InventoryOf(ctx, installation, repository)
}

// Pages of reports of 5,000 packages, from the database: read for the first time, and kept
// ready.
func BenchmarkReportPage(b *testing.B) {
	db, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "bonafide.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	s := newFakeStore()
	s.put(b, 7, headSHA, large(report.Diff, 5_000))
	if err := db.SaveReport(b.Context(), s.reports["7/"+headSHA]); err != nil {
		b.Fatal(err)
	}
	if err := db.SaveInventory(b.Context(), *inventoryOf(b, large(report.Audit, 5_000))); err != nil {
		b.Fatal(err)
	}
	page := func(b *testing.B, address string, forget bool) {
		h, p := serve(b, PagesOptions{Store: storedReports{s, db}, Gate: &fakeGate{signedIn: true, sees: true}})
		r := httptest.NewRequest("GET", address, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		size := 0
		for b.Loop() {
			if forget {
				p.parsed = newParsedReports()
			}
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, r); w.Code != 200 {
				b.Fatal(w.Code)
			}
			size = w.Body.Len()
		}
		b.ReportMetric(float64(size), "B/page")
	}
	for name, address := range map[string]string{
		"pull":      "/r/acme/web/pull/7",
		"inventory": "/r/acme/web/packages?provenance=not-verified&sort=age",
		"package":   "/r/acme/web/pull/7/" + headSHA + "/package?purl=" + url.QueryEscape("pkg:npm/%40scope-53/package-4321@1.4321.0"),
	} {
		b.Run(name+"/cold", func(b *testing.B) { page(b, address, true) })
		b.Run(name+"/warm", func(b *testing.B) { page(b, address, false) })
	}
}
