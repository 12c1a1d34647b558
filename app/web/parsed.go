package web

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bonafide-app/bonafide/app/report"
)

// edition names what was stored at a time: another verdict is another edition.
type edition struct {
	installation int64
	owner, repo  string // lower case
	number       int    // pull request, 0 a merge group, -1 the inventory
	head         string
	at           time.Time
}

func editionOf(v visit, number int, head string, at time.Time) edition {
	return edition{v.at.Installation, strings.ToLower(v.at.Owner), strings.ToLower(v.at.Name), number, head, at.UTC()}
}

// parsedReports keeps the reports that were looked at last, so that paging through one does
// not read it again. Who may see one is asked before it is looked for here.
type parsedReports struct {
	turn chan struct{} // of those that read

	mu   sync.Mutex
	kept []parsedReport // the one used last stands last
}

type parsedReport struct {
	edition
	report *report.Report // never changed
	size   int            // of its JSON
}

// document is a stored report as it was read from the database.
type document struct {
	edition
	json []byte
}

func newParsedReports() *parsedReports {
	return &parsedReports{turn: make(chan struct{}, parsers)}
}

// read gives the report of an edition, or of the one that has taken its place meanwhile; ok
// is false where there is none any more. What is kept is not loaded: a large report takes as
// long to leave the database as a page is to take.
func (c *parsedReports) read(ctx context.Context, e edition, load func() (document, bool, error)) (r parsedReport, ok bool, err error) {
	if r, ok := c.find(e); ok {
		return r, true, nil
	}
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return parsedReport{}, false, ctx.Err()
	}
	if r, ok := c.find(e); ok { // somebody else has read it meanwhile
		return r, true, nil
	}
	d, ok, err := load()
	if err != nil || !ok {
		return parsedReport{}, false, err
	}
	parsed, err := report.Parse(d.json)
	if err != nil {
		return parsedReport{}, false, fmt.Errorf("read the stored report of %s/%s at %s: %w", e.owner, e.repo, d.head, err)
	}
	r = parsedReport{d.edition, &parsed, len(d.json)}
	c.keep(r)
	return r, true, nil
}

func (c *parsedReports) find(e edition) (parsedReport, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.kept, func(p parsedReport) bool { return p.edition == e })
	if i < 0 {
		return parsedReport{}, false
	}
	found := c.kept[i]
	c.kept = append(slices.Delete(c.kept, i, i+1), found)
	return found, true
}

func (c *parsedReports) keep(p parsedReport) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = append(c.kept, p)
	size := 0
	for i := len(c.kept) - 1; i >= 0; i-- { // the newest first
		size += c.kept[i].size
		if size > maxParsedBytes || len(c.kept)-i > maxParsed {
			c.kept = slices.Delete(c.kept, 0, i+1)
			return
		}
	}
}
