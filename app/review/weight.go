package review

import (
	"context"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/report"
)

// parseWeight is what a lockfile of some bytes can take while it is read and compared.
func parseWeight(size int64) int64 {
	return fileCopies*size + min(size/entryBytes, lockfile.MaxEntries)*entryWeight
}

// treeWeight is what a listing can take.
func treeWeight(entries int) int64 { return int64(entries) * treeEntryWeight }

// ahead makes sure that everything that differs can be read: what it takes is known
// before the first byte is. What is far away and sure to be read is fetched.
func (c *comparison) ahead(ctx context.Context, ignores func(path string) bool) error {
	var total int64
	for _, p := range c.candidates() {
		b, h := c.base.paths[p], c.head.paths[p]
		if b.ID == h.ID || ignores(p) {
			continue
		}
		total += parseWeight(max(b.Size, 0)) + parseWeight(max(h.Size, 0))
	}
	sure, manifests := c.sure(ignores)
	if err := RoomOf(ctx).Ahead(total + manifests); err != nil {
		return err
	}
	c.fetch(ctx, sure)
	return nil
}

// weighed is a tree whose contents are taken from the context's room as they are read.
type weighed struct {
	Tree
	fetched map[string][]byte // by id, until they are read
}

func (t weighed) Read(ctx context.Context, e TreeEntry) ([]byte, error) {
	if e.Size < 0 {
		data, err := t.Tree.Read(ctx, e)
		if err == nil {
			err = RoomOf(ctx).Take(contentWeight(e.Path, int64(len(data))))
		}
		return data, err
	}
	if e.Size <= MaxLockfileBytes { // else it is not read
		if err := RoomOf(ctx).Take(contentWeight(e.Path, e.Size)); err != nil {
			return nil, err
		}
	}
	if data, ok := t.fetched[e.ID]; ok {
		delete(t.fetched, e.ID)
		return data, nil
	}
	return t.Tree.Read(ctx, e)
}

func contentWeight(path string, size int64) int64 {
	if _, ok := lockfile.Recognise(path); ok {
		return parseWeight(size)
	}
	return contentCopies * size
}

// evidenceSize is what the evidence for one release takes.
func evidenceSize(e provenance.Evidence) int64 {
	size := int64(evidenceWeight)
	if r := e.Release; r != nil {
		size += int64(len(r.Bundles)+len(r.Elsewhere)+len(r.Signatures)) * textWeight
		for _, s := range r.Elsewhere {
			size += int64(len(s.Range))
		}
	}
	return size
}

func historySize(h registry.History) int64 { return int64(len(h.Releases)) * pastWeight }

// reportSize is what a report takes until it is published and stored.
func reportSize(r report.Report) int64 {
	size := int64(len(r.Packages)) * rowWeight
	for _, f := range r.Findings {
		size += findingWeight + int64(len(f.Message)+len(f.Help)+len(f.Better)+len(f.Tell.Title)+len(f.Tell.Body))
	}
	return size + int64(len(r.Excepted))*findingWeight
}

// detached are changes that hold nothing of the files that they were found in, and what
// they take with all that is added to them, the evidence apart. The strings of an entry
// are parts of its file, and would keep it as a whole.
func detached(changes []dep.Change) (out []dep.Change, size int64) {
	d := detacher{}
	out = make([]dep.Change, len(changes))
	for i, c := range changes {
		out[i] = dep.Change{
			Kind: c.Kind, Entry: d.entry(c.Entry), Occurrences: d.entries(c.Occurrences),
			Replaces: d.entries(c.Replaces), Displaces: d.entries(c.Displaces), Stays: d.entries(c.Stays),
		}
	}
	return out, d.size
}

// detacher copies. It counts what it copies.
type detacher struct{ size int64 }

func (d *detacher) text(s string) string {
	d.size += int64(len(s))
	return strings.Clone(s)
}

func (d *detacher) entries(list []dep.Entry) []dep.Entry {
	if list == nil {
		return nil
	}
	out := make([]dep.Entry, len(list))
	for i, e := range list {
		out[i] = d.entry(e)
	}
	return out
}

func (d *detacher) entry(e dep.Entry) dep.Entry {
	d.size += keptEntryWeight
	for _, s := range []*string{
		&e.Package.Name, &e.Package.Version, &e.Alias, &e.Location, &e.Resolved, &e.Integrity, &e.IntegrityError, &e.OwnDigestKey, &e.Patch,
	} {
		*s = d.text(*s)
	}
	if e.Digests != nil {
		digests := make([]dep.Digest, len(e.Digests))
		for i, g := range e.Digests {
			digests[i] = dep.Digest{Algorithm: d.text(g.Algorithm), Hex: d.text(g.Hex)}
		}
		e.Digests = digests
	}
	if e.Workspaces != nil {
		workspaces := make([]string, len(e.Workspaces))
		for i, w := range e.Workspaces {
			workspaces[i] = d.text(w)
		}
		e.Workspaces = workspaces
	}
	e.Dependencies = d.specs(e.Dependencies)
	if e.Places != nil {
		places := make([]dep.Place, len(e.Places))
		for i, p := range e.Places {
			places[i] = dep.Place{By: d.text(p.By), As: d.text(p.As)}
		}
		e.Places = places
	}
	d.size += int64(len(e.Digests)+len(e.Workspaces)+len(e.Dependencies)+len(e.Places)) * textWeight
	return e
}

func (d *detacher) specs(list []dep.Spec) []dep.Spec {
	if list == nil {
		return nil
	}
	out := make([]dep.Spec, len(list))
	for i, s := range list {
		out[i] = dep.Spec{Name: d.text(s.Name), Range: d.text(s.Range), Kind: s.Kind}
	}
	return out
}

// countedAgain says whether the lockfiles are read once more, after the evidence.
func countedAgain(req Request) bool {
	needed, _ := policy.NeedsInventory(req.Policy)
	return needed && req.Kind != report.Audit
}
