package checks

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"deps.dev/util/semver"
	"golang.org/x/sync/errgroup"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/review"
)

// advisory is an entry of GitHub's database of advisories, as far as it is read.
// https://docs.github.com/en/rest/security-advisories/global-advisories
type advisory struct {
	ID              string  `json:"ghsa_id"`
	URL             string  `json:"html_url"`
	Summary         string  `json:"summary"`
	Type            string  `json:"type"`
	WithdrawnAt     *string `json:"withdrawn_at"`
	Vulnerabilities []struct {
		Package *struct {
			Ecosystem string `json:"ecosystem"`
			Name      string `json:"name"`
		} `json:"package"`
		Range *string `json:"vulnerable_version_range"`
		Fixed *string `json:"first_patched_version"`
	} `json:"vulnerabilities"`
}

func (a advisory) plain() policy.Advisory {
	return policy.Advisory{ID: a.ID, URL: a.URL, Summary: a.Summary}
}

// names says whether an advisory names a release, and which version it gives as fixed
// for it, "" for none. A range that cannot be read names it: in doubt it does not pass.
func (a advisory) names(p dep.Package) (fixed string, named bool) {
	if a.WithdrawnAt != nil {
		return "", false
	}
	for _, v := range a.Vulnerabilities {
		if v.Package == nil || v.Package.Ecosystem != "npm" || v.Package.Name != p.Name || v.Range != nil && !inRange(p.Version, *v.Range) {
			continue
		}
		if v.Fixed != nil {
			fixed = *v.Fixed
		}
		named = true
	}
	return fixed, named
}

// inRange says whether a version is in a range as GitHub writes it: "= 1.2.3",
// ">= 1.0.0, < 2.0.0", "> 0". Prereleases are versions like all others. What cannot be
// read holds every version.
func inRange(version, ranges string) bool {
	if _, err := semver.NPM.Parse(version); err != nil || len(ranges) > MaxRange {
		return true
	}
	for _, part := range strings.Split(ranges, ",") {
		part = strings.TrimSpace(part)
		bound := strings.TrimLeft(part, "<>=")
		operator := strings.TrimSuffix(part, bound)
		bound = strings.TrimSpace(bound)
		if bound == "0" && strings.HasPrefix(operator, ">") {
			continue // all there are, 0.0.0 and its prereleases too
		}
		if _, err := semver.NPM.Parse(bound); err != nil {
			return true
		}
		c := semver.NPM.Compare(version, bound)
		holds := false
		switch operator {
		case "=", "":
			holds = c == 0
		case "<":
			holds = c < 0
		case "<=":
			holds = c <= 0
		case ">":
			holds = c > 0
		case ">=":
			holds = c >= 0
		default:
			return true
		}
		if !holds {
			return false
		}
	}
	return true
}

// malware is the type of advisories of packages that do harm.
const malware = "malware"

// Malware looks for advisories of type malware that name npm releases.
func (h *witness) Malware(ctx context.Context, releases []dep.Package) (map[dep.Package][]policy.Advisory, policy.Inquiry) {
	named := map[dep.Package][]policy.Advisory{}
	found, inquiry := h.advisories(ctx, malware, releases)
	for _, p := range releases {
		for _, a := range found[p] {
			if _, ok := a.names(p); ok {
				named[p] = append(named[p], a.plain())
			}
		}
	}
	return named, inquiry
}

// Fixes looks for the advisories that a release is the first fix of.
func (h *witness) Fixes(ctx context.Context, updates []review.Update) map[dep.Package][]policy.Advisory {
	before := func(u review.Update) dep.Package {
		p := u.Release
		p.Version = u.From
		return p
	}
	var old []dep.Package
	for _, u := range updates {
		old = append(old, before(u))
	}
	found, _ := h.advisories(ctx, "reviewed", old) // what was not found out exempts nothing
	fixes := map[dep.Package][]policy.Advisory{}
	for _, u := range updates {
		for _, a := range found[before(u)] {
			fixed, ok := a.names(before(u))
			if plain := a.plain(); ok && fixed == u.Release.Version && !slices.Contains(fixes[u.Release], plain) {
				fixes[u.Release] = append(fixes[u.Release], plain)
			}
		}
	}
	return fixes
}

// advisories asks for those of a kind that may name the packages, in batches. The
// inquiry is the first thing that went wrong; what was answered is there all the same.
func (h *witness) advisories(ctx context.Context, kind string, packages []dep.Package) (map[dep.Package][]advisory, policy.Inquiry) {
	origin, inquiry := h.origin()
	if inquiry.Looked == policy.Unreachable { // any GitHub may have the database
		return nil, inquiry
	}
	found := map[dep.Package][]advisory{}
	var ask []dep.Package
	key := func(p dep.Package) string { return strings.Join([]string{"advisories", origin, kind, p.PURL()}, "\n") }
	seen := map[dep.Package]bool{}
	fresh := kind == malware && review.Fresh(ctx)
	for _, p := range packages {
		if seen[p] || p.Ecosystem != dep.NPM || strings.ContainsAny(p.ID(), ", \t\r\n") {
			continue // a lockfile can write more than one name where one stands: no release is called so
		}
		seen[p] = true
		if l, ok := h.forge.learnt.get(key(p)); ok && !fresh && h.forge.clock().Before(l.until) {
			found[p], _ = l.value.([]advisory)
			continue
		}
		ask = append(ask, p)
	}
	out := policy.Inquiry{Looked: policy.Answered}
	all := batches(ask)
	if len(all) > MaxBatches {
		out = policy.Inquiry{Looked: policy.LeftOut, Reason: fmt.Sprintf("there are more packages than are asked about at a time (%d)", len(ask))}
		all = all[:MaxBatches]
	}
	var mu sync.Mutex // guards found and out
	var g errgroup.Group
	g.SetLimit(BatchesAtATime)
	for _, batch := range all {
		g.Go(func() (err error) {
			defer recovered(h.forge.logger(ctx), &err)
			list, inquiry := h.batch(ctx, kind, batch)
			mu.Lock()
			defer mu.Unlock()
			if inquiry.Looked != policy.Answered && out.Looked == policy.Answered {
				out = inquiry
			}
			for _, p := range batch {
				for _, a := range list {
					if _, ok := a.names(p); ok {
						found[p] = append(found[p], a)
					}
				}
				if inquiry.Looked == policy.Answered {
					h.forge.learnt.put(key(p), learnt{found[p], h.forge.clock().Add(KeepAnswers)}, 1+len(found[p]))
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil && out.Looked == policy.Answered {
		out = policy.Inquiry{Looked: policy.LeftOut, Reason: "Bonafide failed while it asked GitHub: " + err.Error()}
	}
	return found, out
}

// batches cuts packages into lists that fit into an address.
func batches(packages []dep.Package) (out [][]dep.Package) {
	size := 0
	for _, p := range packages {
		n := len(url.QueryEscape(p.ID() + ","))
		if len(out) == 0 || size+n > BatchBytes || len(out[len(out)-1]) == BatchNames {
			out, size = append(out, nil), 0
		}
		last := len(out) - 1
		out[last], size = append(out[last], p), size+n
	}
	return out
}

// batch reads all advisories that affect some packages.
func (h *witness) batch(ctx context.Context, kind string, packages []dep.Package) ([]advisory, policy.Inquiry) {
	var names []string
	for _, p := range packages {
		names = append(names, p.ID())
	}
	q := url.Values{"type": {kind}, "ecosystem": {"npm"}, "affects": {strings.Join(names, ",")}, "per_page": {fmt.Sprint(PageSize)}}
	what := "ask for advisories"
	var out []advisory
	for range MaxAdvisoryPages {
		var list []advisory
		resp, err := h.get(ctx, what, "advisories", q, &list)
		switch {
		case errors.Is(err, review.ErrGone):
			return out, policy.Inquiry{Looked: policy.NotConfigured, Reason: "the GitHub that Bonafide is connected to has no database of advisories"}
		case err != nil:
			return out, unanswered(ctx, err)
		}
		for _, a := range list {
			if a.ID == "" || a.Type != kind {
				return out, policy.Inquiry{Looked: policy.Unreachable, Reason: what + ": GitHub's answer is not what was asked for"}
			}
			out = append(out, a)
		}
		if resp.After == "" || resp.After == q.Get("after") {
			return out, policy.Inquiry{Looked: policy.Answered}
		}
		q.Set("after", resp.After)
	}
	return out, policy.Inquiry{Looked: policy.LeftOut, Reason: "there are more advisories than are read"}
}
