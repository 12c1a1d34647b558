package report

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
)

// ErrNoReport is wrapped by every error about what Read was given.
var ErrNoReport = errors.New("not a report that this version reads")

// Read reads what JSON wrote, of this version or an earlier one. Everything that is shown of
// a report can be shown of what was read: every rendering of it is the same, byte for byte,
// as far as its strings are UTF-8. Names that it does not know are left out. What steers the
// work alone (Offered, Retry, Hasty, Again, Until) was not written.
//
// The error wraps ErrNoReport, or is the reader's.
func Read(r io.Reader) (Report, error) {
	var text bytes.Buffer
	if sized, ok := r.(interface{ Len() int }); ok {
		text.Grow(min(sized.Len(), MaxReadBytes) + bytes.MinRead)
	}
	switch n, err := text.ReadFrom(io.LimitReader(r, MaxReadBytes+1)); {
	case err != nil:
		return Report{}, fmt.Errorf("read a report: %w", err)
	case n > MaxReadBytes:
		return Report{}, fmt.Errorf("%w: it has more than %d bytes", ErrNoReport, MaxReadBytes)
	}
	return Parse(text.Bytes())
}

// Parse reads what JSON wrote where it is at hand already. It keeps nothing of text.
func Parse(text []byte) (Report, error) {
	if len(text) > MaxReadBytes {
		return Report{}, fmt.Errorf("%w: it has more than %d bytes", ErrNoReport, MaxReadBytes)
	}
	d := jsonReport{Packages: make(jsonRows, 0, len(text)/roomyRow)}
	if err := json.Unmarshal(text, &d); err != nil {
		return Report{}, fmt.Errorf("%w: %w", ErrNoReport, err)
	}
	if d.Schema != Schema {
		return Report{}, fmt.Errorf("%w: its schema is %.100q, not %q", ErrNoReport, d.Schema, Schema)
	}
	out, err := d.report()
	if err != nil {
		return Report{}, fmt.Errorf("%w: %w", ErrNoReport, err)
	}
	return out, nil
}

// jsonReport is a document that is being read. Its rows, of which there may be thousands,
// become packages one by one.
type jsonReport struct {
	jsonDocument
	Packages jsonRows `json:"packages"` // in place of the document's
}

type jsonRows []Package

// UnmarshalJSONFrom reads an array, or null, which is an empty one.
func (l *jsonRows) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*l = (*l)[:0]
	return readList(dec, func(j *jsonPackage) error {
		*l = append(*l, Package{})
		return j.read(&(*l)[len(*l)-1])
	})
}

// jsonList is a list that is read with at most maxReadRows elements.
type jsonList[T any] []T

// UnmarshalJSONFrom reads an array, or null, which is an empty one.
func (l *jsonList[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*l = nil
	return readList(dec, func(x *T) error {
		*l = append(*l, *x)
		return nil
	})
}

// readList gives each element of an array to a function. Its memory is that of the next one.
func readList[T any](dec *jsontext.Decoder, element func(*T) error) error {
	switch t, err := dec.ReadToken(); {
	case err != nil:
		return err
	case t.Kind() == 'n':
		return nil
	case t.Kind() != '[':
		return errors.New("a list was expected")
	}
	var x, zero T
	for n := 1; dec.PeekKind() != ']'; n++ {
		if n > maxReadRows {
			return fmt.Errorf("a list has more than %d elements", maxReadRows)
		}
		x = zero
		if err := json.UnmarshalDecode(dec, &x); err != nil {
			return err
		}
		if err := element(&x); err != nil {
			return fmt.Errorf("element %d: %w", n, err)
		}
	}
	_, err := dec.ReadToken()
	return err
}

func (d *jsonReport) report() (Report, error) {
	r := Report{
		Kind: Kind(d.Kind), Conclusion: policy.Conclusion(d.Conclusion), WouldFail: d.WouldFail, Mode: policy.Mode(d.Mode),
		Comments: policy.Comments(d.Comments), PolicyFrom: d.Policy, Demo: d.Demo, said: d.Title,
	}
	if err := oneOf("conclusion", r.Conclusion, policy.Success, policy.Failure, policy.ActionRequired, policy.Neutral); err != nil {
		return Report{}, err
	}
	if err := oneOf("mode", r.Mode, "", policy.Enforce, policy.Observe); err != nil {
		return Report{}, err
	}
	var err error
	if r.At, err = timeOf(d.At); err != nil {
		return Report{}, err
	}
	if r.Summary, err = d.Summary.summary(); err != nil {
		return Report{}, fmt.Errorf("summary: %w", err)
	}
	r.Packages = d.Packages
	for i := range d.Findings {
		f, err := d.Findings[i].finding()
		if err != nil {
			return Report{}, fmt.Errorf("finding %d: %w", i+1, err)
		}
		r.Findings = append(r.Findings, f)
	}
	for i := range d.Exceptions {
		x, err := d.Exceptions[i].excepted()
		if err != nil {
			return Report{}, fmt.Errorf("exception %d: %w", i+1, err)
		}
		r.Excepted = append(r.Excepted, x)
	}
	for _, l := range d.Lockfiles {
		r.Lockfiles = append(r.Lockfiles, Lockfile(l))
	}
	if d.Pins != nil {
		r.PinsShown, r.PinsPatch = d.Pins.Shown, d.Pins.Patch
		for _, p := range d.Pins.Blocks {
			r.Pins = append(r.Pins, policy.PackageRule{Match: p.Match, Identity: policy.IdentityPin{Issuer: p.Issuer, Repository: p.Repository, Workflow: p.Workflow, Ref: p.Ref}})
		}
	}
	if r.Preview, err = d.Preview.preview(); err != nil {
		return Report{}, fmt.Errorf("policy preview: %w", err)
	}
	if d.Kind == "" { // an earlier version wrote it
		for i := range r.Packages {
			r.Packages[i].complete()
		}
		r.Kind = kindOf(r.Packages)
	}
	return r, oneOf("kind", r.Kind, Diff, Audit, Verify)
}

// kindOf is what reports of an earlier version, which did not say it, are by their packages.
func kindOf(packages []Package) Kind {
	switch {
	case len(packages) == 0 || packages[0].Change != "":
		return Diff
	case packages[0].Entry.Lockfile == "":
		return Verify
	}
	return Audit
}

func (s jsonSummary) summary() (Summary, error) {
	out := Summary{Packages: s.Packages, Signature: Counts(s.Signature), Provenance: Counts(s.Provenance)}
	if at := s.Locations; at != nil {
		out.Locations, out.LocationsSigned, out.LocationsAttested, out.LocationsProvenance = at.All, at.Signed, at.Attested, at.Provenance
	}
	for _, n := range []int{
		out.Packages, out.Signature.Verified, out.Signature.Absent, out.Signature.Invalid, out.Signature.Unknown,
		out.Provenance.Verified, out.Provenance.Absent, out.Provenance.Invalid, out.Provenance.Unknown,
		out.Locations, out.LocationsSigned, out.LocationsAttested, out.LocationsProvenance,
	} {
		if n < 0 {
			return Summary{}, fmt.Errorf("%d is no number of packages", n)
		}
	}
	return out, nil
}

// complete sets what a row of an earlier version does not say, as far as it can be told.
func (p *Package) complete() {
	e := &p.Evidence
	if c := e.Signature.Check; c.State == provenance.Absent && c == e.Publish.Check && c == e.Provenance.Check && c == e.Digest.Check {
		p.NotLookedUp = c.Reason // no registry has one reason for all four
		return
	}
	if e.Release == nil && (e.Signature.State != provenance.Unknown || e.Publish.State != provenance.Unknown) {
		e.Release = &registry.Release{Package: e.Package} // it answered
	}
}

func (j *jsonPackage) read(p *Package) error {
	name, err := j.jsonAbout.read()
	if err != nil {
		return err
	}
	e := dep.Entry{
		Package: name, Alias: j.Alias, Lockfile: j.Lockfile, Line: j.Line, Source: dep.SourceKind(j.Source), Resolved: j.Resolved,
		Scope: dep.Scope(j.Scope), Direct: j.Direct, Bundled: j.Bundled, InstallScript: j.Script, OwnDigest: j.OwnDigest, Patch: j.Patch,
		Workspaces: j.Workspaces, Integrity: j.Digest.Lockfile,
	}
	if e.Unsaid, err = unsaidOf(j.Unsaid); err != nil {
		return err
	}
	if e.Unsaid.Has(dep.FactScope) {
		e.Scope = dep.Prod // what an Entry says where nothing is known
	}
	if j.Integrity != nil {
		e.Integrity = *j.Integrity
	}
	e.Digests = digestsOf(e.Integrity, e.OwnDigest)
	if j.Digests != nil {
		if e.Digests, err = statedDigests(*j.Digests); err != nil {
			return err
		}
	}
	p.Entry, p.Change, p.From, p.Occurrences = e, dep.ChangeKind(j.Change), j.From, max(j.Occurrences, 1)
	if err := errors.Join(
		oneOf("change", p.Change, "", dep.Added, dep.Updated, dep.Removed, dep.Repinned),
		oneOf("scope", e.Scope, "", dep.Prod, dep.Dev, dep.Optional, dep.Peer),
	); err != nil {
		return err
	}
	if p.Published, err = timeOf(j.Published); err != nil {
		return err
	}
	for _, m := range j.Manifests {
		p.Manifests = append(p.Manifests, Manifest(m))
	}
	if err := j.evidence(name, &p.Evidence); err != nil {
		return err
	}
	if e.OwnDigest {
		p.Evidence.Digest.Lockfile = ""
	}
	if j.NotLookedUp {
		p.NotLookedUp = j.Signature.Reason
	}
	if j.Replaced != nil {
		was, err := j.Replaced.jsonAbout.read()
		if err != nil {
			return fmt.Errorf("replaced: %w", err)
		}
		p.Replaced = new(provenance.Evidence)
		if err := j.Replaced.evidence(was, p.Replaced); err != nil {
			return fmt.Errorf("replaced: %w", err)
		}
	}
	if got := p.trust(); string(got) != j.Trust {
		return fmt.Errorf("its trust is given as %.100q, its evidence comes to %q", j.Trust, got)
	}
	return nil
}

func (j *jsonEvidence) evidence(p dep.Package, e *provenance.Evidence) error {
	check := func(state, reason string) provenance.Check {
		return provenance.Check{State: provenance.State(state), Reason: reason}
	}
	*e = provenance.Evidence{
		Package:    p,
		Signature:  provenance.Signature{Check: check(j.Signature.State, j.Signature.Reason), KeyID: j.Signature.KeyID, DateSource: j.Signature.DatedBy},
		Publish:    provenance.Publish{Check: check(j.Publish.State, j.Publish.Reason), KeyID: j.Publish.KeyID},
		Provenance: provenance.Provenance{Check: check(j.Provenance.State, j.Provenance.Reason), Announced: j.Provenance.Announced, PredicateType: j.Provenance.PredicateType},
		Digest: provenance.Digest{
			Check:    check(j.Digest.State, j.Digest.Reason),
			Lockfile: j.Digest.Lockfile, Registry: j.Digest.Registry, Attested: j.Digest.Attested, Differs: j.Digest.Differs,
		},
	}
	for _, s := range []provenance.State{e.Signature.State, e.Publish.State, e.Provenance.State, e.Digest.State} {
		if err := oneOf("state", s, provenance.Verified, provenance.Absent, provenance.Invalid, provenance.Unknown); err != nil {
			return err
		}
	}
	if id := j.Provenance.Identity; id != nil {
		e.Provenance.Identity = &provenance.Identity{
			Issuer: id.Issuer, Repository: id.Repository, RepositoryID: id.RepositoryID, OwnerID: id.OwnerID, Commit: id.Commit, Ref: id.Ref,
			Workflow: id.Workflow, Trigger: id.Trigger, Runner: id.Runner, Run: id.Run, Signer: id.Signer,
		}
	}
	var err error
	if e.Provenance.Log, err = j.Provenance.Log.log(); err != nil {
		return err
	}
	if e.Publish.Log, err = j.Publish.Log.log(); err != nil {
		return err
	}
	if s := j.Release; s != nil {
		e.Release = &registry.Release{
			Package: p, Publisher: registry.Publisher{Name: s.Publisher, TrustedPublisher: s.TrustedPublisher, Approver: s.Approver},
			Deprecated: s.Deprecated,
		}
	}
	if e.Release == nil && j.Trust == string(provenance.TrustTrustedPublisher) { // an earlier version does not name it
		e.Release = &registry.Release{Package: p, Publisher: registry.Publisher{TrustedPublisher: "a trusted publisher"}}
	}
	return nil
}

func (l *jsonLog) log() (*provenance.Log, error) {
	if l == nil {
		return nil, nil
	}
	at, err := time.Parse(time.RFC3339, l.Time)
	if err != nil {
		return nil, fmt.Errorf("log: %w", err)
	}
	return &provenance.Log{Index: l.Index, Time: at.UTC()}, nil
}

func (j *jsonFinding) finding() (policy.Finding, error) {
	about, err := j.jsonAbout.read()
	f := policy.Finding{
		Rule: policy.RuleName(j.Rule), Severity: policy.Severity(j.Severity), Unknown: j.Unknown, Package: about,
		Lockfile: j.Lockfile, Line: j.Line, Message: j.Message, Help: j.Help, Why: j.Why, Benign: j.Benign, Better: j.Better,
		Link: j.Link, Count: j.Count, Names: strings.Join(j.Names, "\n"),
	}
	if t := j.Tell; t != nil {
		f.Tell = policy.Tell{To: policy.Audience(t.To), Repository: t.Repository, Title: t.Title, Body: t.Body}
	}
	return f, errors.Join(err, oneOf("severity", f.Severity, policy.Error, policy.Warning, policy.Notice))
}

func (j *jsonException) excepted() (policy.Excepted, error) {
	f, err := j.finding()
	if err != nil {
		return policy.Excepted{}, err
	}
	x := policy.Excepted{Finding: f}
	where := func(before string) (int, error) {
		i := strings.LastIndex(j.Source, before)
		if i < 0 {
			return 0, fmt.Errorf("its source %.100q has no %q", j.Source, before)
		}
		return strconv.Atoi(j.Source[i+len(before):])
	}
	switch {
	case j.Kind == "acceptance":
		number, err := where("pull request ")
		x.Pardon.Acceptance = &policy.Acceptance{Package: f.Package, Rule: f.Rule, Reason: j.Reason, By: j.By, Number: number}
		return x, err
	case j.Kind != "exception":
		return policy.Excepted{}, fmt.Errorf("its kind %.100q is not known", j.Kind)
	case j.Source == "": // nobody wrote down who
		return x, nil
	}
	line, err := where(", line ")
	if err != nil {
		return policy.Excepted{}, err
	}
	expires, err := time.Parse(time.DateOnly, j.Expires)
	x.Pardon.Exception = &policy.Exception{
		Rules: []policy.RuleName{f.Rule}, Reason: j.Reason, Owner: j.By, Expires: expires,
		File: j.Source[:strings.LastIndex(j.Source, ", line ")], Line: line,
	}
	return x, err
}

func (j *jsonPreview) preview() (*Preview, error) {
	if j == nil {
		return nil, nil
	}
	p := &Preview{PolicyFrom: j.Policy, Conclusion: policy.Conclusion(j.Conclusion), WouldFail: j.WouldFail, Limits: j.Limits}
	for _, c := range j.Changes {
		about, err := c.jsonAbout.read()
		if err != nil {
			return nil, err
		}
		p.Changes = append(p.Changes, PreviewChange{
			Finding: policy.Finding{Rule: policy.RuleName(c.Rule), Package: about, Lockfile: c.Lockfile, Line: c.Line, Message: c.Message, Count: c.Count},
			Was:     c.Was, Is: c.Is,
		})
	}
	return p, oneOf("conclusion", p.Conclusion, policy.Success, policy.Failure, policy.ActionRequired, policy.Neutral)
}

func (j jsonAbout) read() (dep.Package, error) {
	if j.Release != nil {
		return dep.Package{Ecosystem: dep.Ecosystem(j.Release.Ecosystem), Name: j.Release.Name, Version: j.Release.Version}, nil
	}
	if p, ok := packageAt(j.PURL); ok {
		return p, nil
	}
	return dep.Package{}, fmt.Errorf("%.200q is no package URL", j.PURL)
}

// packageAt is the package of a package URL as purl writes it; no package for "".
func packageAt(address string) (dep.Package, bool) {
	if address == "" {
		return dep.Package{}, true
	}
	rest, ok := strings.CutPrefix(address, "pkg:")
	ecosystem, rest, found := strings.Cut(rest, "/")
	if !ok || !found || ecosystem == "" || strings.ContainsAny(rest, "?#") {
		return dep.Package{}, false
	}
	name, version := rest, ""
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		name, version = rest[:at], rest[at+1:]
	}
	if strings.IndexByte(rest, '%') >= 0 {
		var err error
		if name, err = url.PathUnescape(name); err != nil {
			return dep.Package{}, false
		}
		if version, err = url.PathUnescape(version); err != nil {
			return dep.Package{}, false
		}
	}
	return dep.Package{Ecosystem: dep.Ecosystem(ecosystem), Name: name, Version: version}, name != ""
}

// statedDigests reads what Digest.SRI wrote, whatever its algorithm.
func statedDigests(stated []string) ([]dep.Digest, error) {
	var out []dep.Digest
	for _, s := range stated {
		if algorithm, text, ok := strings.Cut(s, "-"); ok {
			raw, err := base64.StdEncoding.Strict().DecodeString(text)
			if err != nil {
				return nil, fmt.Errorf("%.100q is no digest: %w", s, err)
			}
			out = append(out, dep.Digest{Algorithm: algorithm, Hex: hex.EncodeToString(raw)})
			continue
		}
		algorithm, text, ok := strings.Cut(s, ":")
		if !ok {
			return nil, fmt.Errorf("%.100q is no digest", s)
		}
		out = append(out, dep.Digest{Algorithm: algorithm, Hex: text})
	}
	return out, nil
}

func unsaidOf(names []string) (dep.Facts, error) {
	var out dep.Facts
	for _, name := range names {
		i := slices.IndexFunc(factNames(), func(f factName) bool { return f.name == name })
		if i < 0 {
			return 0, fmt.Errorf("%.100q is no fact of a lockfile", name)
		}
		out |= factNames()[i].fact
	}
	return out, nil
}

// timeOf reads what stamp wrote.
func timeOf(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, s)
	return at.UTC(), err
}

func oneOf[T ~string](what string, value T, known ...T) error {
	if slices.Contains(known, value) {
		return nil
	}
	return fmt.Errorf("its %s %.100q is not known", what, string(value))
}

// Title is the verdict in one sentence, as the check run has it.
func Title(r Report) string { return title(r) }
