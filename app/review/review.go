// Package review ties lockfiles, registries, evidence and policy together. The App
// and the command line are two doors into it.
package review

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/report"
)

// Verifier finds the evidence for one release. It returns an Evidence always:
// what could not be found out is Unknown in it. It is safe for concurrent use and
// ends when ctx does.
type Verifier interface {
	Verify(ctx context.Context, s provenance.Subject) provenance.Evidence
}

// Historian answers for all releases of a package. *registry.NPM implements it.
type Historian interface {
	History(ctx context.Context, name string) (registry.History, error)
}

// File is one lockfile on both sides; nil where a side has none.
type File struct {
	Path       string
	Base, Head []byte
	// Former are the lockfiles of the base that a lockfile without a base of its own
	// is compared with: its twin in the same folder, else those that went away. A
	// lockfile that is renamed, moved or added beside another one loses no history.
	Former []Former
	// Settings are what the files beside it and above it say about registries, on both
	// sides. They only ever keep a name from being asked about.
	Settings []lockfile.Settings
	// BaseSettings are those of the base: the registries that they name are known there,
	// also where its lockfile leaves addresses out.
	BaseSettings []lockfile.Settings
	// HeadSettings are those of the head: what the base keeps private they may not make public.
	HeadSettings []lockfile.Settings
	// SettingsUnread says which of them could not be read and why, "" for none.
	SettingsUnread string
}

// size is how many bytes both sides have.
func (f File) size() int64 {
	n := len(f.Base) + len(f.Head)
	for _, old := range f.Former {
		n += len(old.Data)
	}
	return int64(n)
}

// Former is a lockfile of the base at another path.
type Former struct {
	Path string
	Data []byte
}

// Request is what to review.
type Request struct {
	Kind     report.Kind
	Files    []File
	Problems []policy.Problem // found while the files were looked for
	Configs  []Config         // files that steer the package manager and differ
	Ignored  []string         // lockfiles that the policy ignores
	Policy   policy.Policy
	// Publishing is what is wrong with how the head publishes, and is not with the base.
	Publishing []policy.Problem
	// Edit is what is done to the policy file itself, nil for nothing.
	Edit *PolicyEdit
	// Hub answers what only GitHub knows; nil where none was configured, which is said.
	Hub Hub
	// Apart keeps findings of one cause apart.
	Apart bool
	// Lost asks for the histories in an audit, too: each costs a large document.
	Lost bool
	// Acceptances are those that hold for what is reviewed.
	Acceptances []policy.Acceptance
	// Whole says that an audit is of all lockfiles of a folder.
	Whole bool
}

// Options of a Reviewer.
type Options struct {
	Verifier  Verifier
	Historian Historian // nil: releases are compared with the lockfile's own versions alone
	// Registry is the configured npm registry's address: entries that are fetched
	// from its host are looked up too, beside those from the public names.
	Registry string
	// Others are the registries that are asked beside it, Mirrors the addresses of those that
	// serve what it has, and Private the scopes ("@my-org") that nobody is asked about.
	Others           []Registry
	Mirrors, Private []string
	Publishing       PublishCheck // of what a pull request changes about publishing
	Concurrency      int          // releases at a time; the registry client bounds its own requests
	Clock            func() time.Time
	Demo             bool     // the trust root is the demo's, and the report says so
	Progress         Progress // may be nil
	Offline          bool     // that there is no Hub is what was asked for, and is said as such
	// HubBudget and MalwareBudget are how long a Hub may take for what is beside the
	// verdict, and for advisories; 10 s where they are 0.
	HubBudget, MalwareBudget time.Duration
	// Rest says how long the registries are not asked from now on, because they limit
	// requests or are down: an attempt before is no use. nil: they are always asked.
	Rest func() time.Duration
}

// Reviewer reviews. It is safe for concurrent use.
type Reviewer struct {
	verifier    Verifier
	historian   Historian
	atlas       atlas
	main        string              // base of Registry, "" where it is not plain https
	others      map[string]Registry // by their bases
	concurrency int
	clock       func() time.Time
	demo        bool
	progress    Progress
	offline     bool
	maxPast     int
	publishing  PublishCheck

	hubBudget, malwareBudget time.Duration
	rest                     func() time.Duration
}

// New checks the options and makes a Reviewer.
func New(o Options) (*Reviewer, error) {
	if o.Verifier == nil || o.Clock == nil || o.Concurrency < 1 {
		return nil, errors.New("a reviewer needs a verifier, a clock and a concurrency of at least 1")
	}
	r := &Reviewer{verifier: o.Verifier, historian: o.Historian, concurrency: o.Concurrency, clock: o.Clock, demo: o.Demo, progress: o.Progress, maxPast: MaxPast}
	r.rest, r.publishing = o.Rest, o.Publishing
	if r.rest == nil {
		r.rest = func() time.Duration { return 0 }
	}
	r.offline, r.hubBudget, r.malwareBudget = o.Offline, cmp.Or(o.HubBudget, hubBudget), cmp.Or(o.MalwareBudget, malwareBudget)
	if err := r.chart(o); err != nil {
		return nil, err
	}
	return r, nil
}

// Review parses, compares, verifies and judges. An error means that ctx ended:
// everything else is in the report.
func (r *Reviewer) Review(ctx context.Context, req Request) (report.Report, error) {
	req.Files = slices.Clone(req.Files) // whose contents look lets go of
	in, out, err := r.look(ctx, req)
	if err != nil {
		return report.Report{}, err
	}
	defer watch(ctx, StageJudge)()
	if req.Edit != nil {
		var problem policy.Problem
		out.Preview, problem, out.Until = req.Edit.preview(in, req, out.At)
		in.Problems = append(in.Problems, problem)
	}
	r.conclude(&out, in, req.Policy)
	return out, nil
}

// look is Review up to the verdict: what it will rest on, and a report that it is
// missing in. It lets go of what is in the request's files once it has read them.
func (r *Reviewer) look(ctx context.Context, req Request) (policy.Input, report.Report, error) {
	in := policy.Input{Apart: req.Apart, Problems: req.Problems, Acceptances: req.Acceptances, KnownHosts: map[string][]string{"": r.atlas.with(req.Policy.Registries).told()}, KnownSpecs: map[string][]dep.Spec{}}
	out := report.Report{Kind: req.Kind, Mode: req.Policy.Mode, PolicyFrom: req.Policy.Source, At: r.clock().UTC(), Demo: r.demo}
	parsed := watch(ctx, StageParse)
	changes, held := r.changes(req, &in, &out)
	parsed()
	RoomOf(ctx).Shrink(held, int64(len(changes))*(3*evidenceWeight+rowWeight))
	defer watch(ctx, StageEvidence)()
	var earlier pasts
	if req.Kind != report.Audit || req.Lost {
		earlier = r.pasts(ctx, changes) // goes on in the background
		defer earlier.end()
	}
	in.Subjects = r.subjects(ctx, changes)
	if err := errors.Join(stopped(ctx.Err(), in.Subjects), RoomOf(ctx).Short()); ctx.Err() != nil {
		return policy.Input{}, report.Report{}, fmt.Errorf("the review was stopped: %w", err)
	}
	asked := r.inquire(ctx, req.Kind, req.Hub, in.Subjects) // goes on in the background
	r.bundles(ctx, changes, in.Subjects)
	r.warn(ctx, asked, in.Subjects) // goes on in the background, too
	if req.Kind != report.Audit || req.Lost {
		var tooMuch []policy.Problem
		out.Retry, tooMuch = r.histories(ctx, in.Subjects, earlier)
		in.Problems = append(in.Problems, tooMuch...)
		out.Hasty = r.settle(ctx, in.Subjects, req.Policy)
	}
	r.inventories(ctx, req, &in)
	in.Whole = req.Whole && len(in.Problems) == 0 // else something was not looked at
	r.consult(ctx, asked, req.Kind, req.Policy, &in)
	if err := errors.Join(stopped(ctx.Err(), in.Subjects), RoomOf(ctx).Short()); err != nil {
		return policy.Input{}, report.Report{}, fmt.Errorf("the review was stopped: %w", err)
	}
	return in, out, nil
}

// changes reads what was given, without asking anybody: the lockfiles, and what is to be
// said of them and of the files beside them. What is held after that is held bytes. The
// contents of the files are let go of where nobody reads them again.
func (r *Reviewer) changes(req Request, in *policy.Input, out *report.Report) (changes []change, held int64) {
	for _, p := range req.Ignored {
		out.Lockfiles = append(out.Lockfiles, report.Lockfile{Path: p, Note: "ignored by the policy"})
	}
	for _, p := range req.Problems {
		if p.Lockfile != "" && p.Kind != policy.ManifestAlone {
			out.Lockfiles = append(out.Lockfiles, report.Lockfile{Path: p.Lockfile, Note: p.Detail})
		}
	}

	var told []string // registries that a problem tells of
	again := countedAgain(req)
	for i, f := range req.Files {
		base, head, problems := parse(f)
		size := f.size()
		if !again {
			req.Files[i].Base, req.Files[i].Head, req.Files[i].Former = nil, nil, nil
		}
		for _, problem := range problems {
			in.Problems = append(in.Problems, problem)
			out.Lockfiles = append(out.Lockfiles, report.Lockfile{Path: f.Path, Note: problem.Detail})
		}
		if head == nil && len(problems) > 0 {
			continue
		}
		var here []dep.Change
		if req.Kind == report.Audit {
			here = inventory(head)
			out.Summary.Locations += len(head)
		} else {
			here = lockfile.Diff(base, head)
			in.Problems = append(in.Problems, r.movedRegistries(r.atlas.with(req.Policy.Registries), f, base, head, &told)...)
		}
		in.KnownSpecs[f.Path] = elsewhere(base)
		in.KnownHosts[f.Path] = append(registries(base), named(f.BaseSettings)...)
		if len(problems) == 0 {
			out.Lockfiles = append(out.Lockfiles, report.Lockfile{Path: f.Path, Changed: len(here)})
		}
		if len(changes)+len(here) > MaxChanges {
			tooMany := policy.Problem{Kind: policy.Unreadable, Lockfile: f.Path,
				Detail: fmt.Sprintf("More than %d packages change: those of %s were not looked at. Split the change.", MaxChanges, f.Path)}
			in.Problems = append(in.Problems, tooMany)
			continue
		}
		lookup := r.lookupFor(req.Kind == report.Audit, req.Policy, f, base, head)
		if !slices.ContainsFunc(here, func(c dep.Change) bool { return len(marked(change{Change: c})) > 0 }) {
			head = nil // only what is bundled is looked for in all of it
		}
		weight := parseWeight(size)
		if head == nil && !again && size > smallFile {
			here, weight = detached(here)
		}
		held += weight + int64(len(here))*changeWeight
		for _, c := range here {
			changes = append(changes, change{c, lookup, head})
		}
	}

	if req.Kind != report.Audit { // there, nothing changed
		in.Problems = append(in.Problems, configProblems(req.Configs, told)...)
		in.Problems = append(in.Problems, req.Publishing...)
	}
	return changes, held
}

// Releases reviews releases that stand in no lockfile. hub is nil where none was
// configured.
func (r *Reviewer) Releases(ctx context.Context, subjects []provenance.Subject, p policy.Policy, hub Hub) (report.Report, error) {
	out := report.Report{Kind: report.Verify, Mode: p.Mode, PolicyFrom: p.Source, At: r.clock().UTC(), Demo: r.demo}
	in := policy.Input{KnownHosts: map[string][]string{"": r.atlas.with(p.Registries).told()}}
	lookup := r.lookupFor(true, p, File{}, nil, nil)
	for _, s := range subjects {
		e := dep.Entry{Package: s.Package, Source: dep.Registry, Digests: s.Digests}
		for _, d := range s.Digests {
			e.Integrity = d.SRI()
		}
		one := policy.Subject{Change: dep.Change{Entry: e, Occurrences: []dep.Entry{e}}}
		to := lookup.route(e)
		if take(&one, to); to.refused == "" {
			one.Evidence = r.verifierOf(to).Verify(ctx, s)
		}
		in.Subjects = append(in.Subjects, one)
	}
	asked := r.inquire(ctx, report.Verify, hub, in.Subjects)
	r.warn(ctx, asked, in.Subjects)
	out.Retry, in.Problems = r.histories(ctx, in.Subjects, pasts{})
	out.Hasty = r.settle(ctx, in.Subjects, p)
	r.consult(ctx, asked, report.Verify, p, &in)
	if err := stopped(ctx.Err(), in.Subjects); err != nil {
		return report.Report{}, fmt.Errorf("the verification was stopped: %w", err)
	}
	r.conclude(&out, in, p)
	return out, nil
}

// tellNobody takes out of a verdict whom to tell: what the demo's own trust root vouches for
// is true of nobody's release.
func tellNobody(v policy.Verdict) {
	for i := range v.Findings {
		v.Findings[i].Tell = policy.Tell{}
	}
	for i := range v.Excepted {
		v.Excepted[i].Tell = policy.Tell{}
	}
}

// conclude judges and fills in the rest of the report.
func (r *Reviewer) conclude(out *report.Report, in policy.Input, p policy.Policy) {
	verdict := policy.Judge(in, p, out.At)
	out.Conclusion, out.WouldFail, out.Findings, out.Excepted = verdict.Conclusion, verdict.WouldFail, verdict.Findings, verdict.Excepted
	if out.Demo {
		tellNobody(verdict)
	}
	out.Until = earlier(out.Until, verdict.Until)
	out.Pins, out.Comments = policy.Offer(in.Subjects, p), p.Comments
	if len(verdict.Acceptable) <= MaxAcceptances {
		out.Offered = policy.Offered(verdict.Acceptable)
	}
	out.Packages = slices.Grow(out.Packages, len(in.Subjects))
	for _, s := range in.Subjects {
		row := report.Package{
			Entry: s.Change.Entry, Change: s.Change.Kind, From: s.Change.From(),
			Occurrences: len(s.Change.Occurrences), Evidence: s.Evidence, NotLookedUp: s.NotLookedUp,
			Published: policy.Published(s), Manifests: report.ManifestsOf(s.Change.Occurrences),
		}
		// From here on it is shown and stored, and everything that is made of it agrees.
		row.Entry.Resolved, row.Entry.Patch = dep.WithoutSecrets(row.Entry.Resolved), dep.WithoutSecrets(row.Entry.Patch)
		if len(s.Replaced) > 0 {
			row.Replaced = &s.Replaced[0]
		}
		out.Retry = out.Retry || worthAnotherTry(s)
		out.Packages = append(out.Packages, row)
	}
	for _, i := range in.Inventories {
		out.Retry = out.Retry || i.Retry
	}
	out.Retry = out.Retry && hasUnknown(out.Findings)
	out.Again = outOfReach(in, p)
	locations := out.Summary.Locations
	out.Summary = report.Summarise(out.Packages)
	if locations > 0 {
		out.Summary.Locations = locations
	}
}

// worthAnotherTry says whether asking again could tell more about a subject.
func worthAnotherTry(s policy.Subject) bool {
	if s.Evidence.Retry {
		return true
	}
	if slices.ContainsFunc(s.Witnesses, func(w policy.Witness) bool { return w.Evidence.Retry }) {
		return true
	}
	return slices.ContainsFunc(slices.Concat(s.Replaced, s.Stays), func(old provenance.Evidence) bool { return old.Retry })
}

func hasUnknown(findings []policy.Finding) bool {
	return slices.ContainsFunc(findings, func(f policy.Finding) bool { return f.Unknown })
}

// parse reads both sides of a file. A problem of kind UnreadableBase comes with the
// head: it is judged as if all of it were new, so that what was broken can be mended.
// A head that contradicts itself fails, and everything that any part of it says is
// judged all the same.
func parse(f File) (base, head []dep.Entry, problems []policy.Problem) {
	if format, ok := lockfile.Recognise(f.Path); ok && !format.Supported {
		return nil, nil, []policy.Problem{unsupported(f.Path)}
	}
	head, err := lockfile.Parse(f.Path, f.Head)
	if err != nil {
		problems = append(problems, fileProblem(policy.Unreadable, f.Path, err))
		if !inconsistent(err) {
			return nil, nil, problems
		}
	}
	former := f.Former
	if f.Base != nil {
		former = []Former{{f.Path, f.Base}}
	}
	for _, old := range former {
		entries, err := lockfile.Parse(old.Path, old.Data)
		if err != nil && !inconsistent(err) {
			return nil, head, append(problems, fileProblem(policy.UnreadableBase, old.Path, err))
		}
		// What contradicts itself can still be compared with: everything that any part
		// of it says is there.
		base = append(base, entries...)
	}
	return base, head, problems
}

// inconsistent says whether a lockfile was read although it contradicts itself.
func inconsistent(err error) bool {
	var at *lockfile.Error
	return errors.As(err, &at) && at.Kind == lockfile.Inconsistent
}

func fileProblem(kind policy.ProblemKind, path string, err error) policy.Problem {
	p := policy.Problem{Kind: kind, Lockfile: path, Detail: err.Error()}
	var at *lockfile.Error
	if errors.As(err, &at) {
		p.Line = at.Line
	}
	return p
}

// inventory makes a row of every distinct package of one lockfile.
func inventory(entries []dep.Entry) []dep.Change {
	changes := lockfile.Diff(nil, entries)
	for i := range changes {
		changes[i].Kind = ""
	}
	return changes
}

// named are the bases of the registries that settings name.
func named(settings []lockfile.Settings) (out []string) {
	for _, s := range settings {
		for _, registry := range append(slices.Sorted(maps.Values(s.Scopes)), s.Default) {
			if base, ok := lockfile.BaseOf(registry); ok && !slices.Contains(out, base) {
				out = append(out, base)
			}
		}
	}
	return out
}

// registries are the bases of the registries that a lockfile's entries are fetched
// from.
func registries(entries []dep.Entry) []string {
	seen := map[string]bool{}
	var out []string
	for _, e := range entries {
		if base, ok := lockfile.RegistryBase(e.Resolved, e.Package); ok && !seen[base] {
			base = strings.Clone(base) // not a part of the file, which would be kept as a whole
			seen[base] = true
			out = append(out, base)
		}
	}
	return out
}

// elsewhere are the specs that lead out of the registry and that entries ask for.
func elsewhere(entries []dep.Entry) (out []dep.Spec) {
	seen := map[dep.Spec]bool{}
	for _, e := range entries {
		if e.Unsaid.Has(dep.FactRanges) {
			continue
		}
		for _, spec := range e.Dependencies {
			if spec.LeavesRegistry() && !seen[spec] {
				seen[spec] = true
				out = append(out, dep.Spec{Name: strings.Clone(spec.Name), Range: strings.Clone(spec.Range), Kind: spec.Kind})
			}
		}
	}
	return out
}

// earlier is the earlier of two times; a zero one never comes.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
