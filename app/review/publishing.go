package review

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
	"golang.org/x/sync/errgroup"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/publish"
)

// PublishCheck judges how a repository publishes its own packages. The zero value judges
// nothing.
type PublishCheck struct {
	Wanted func(path string) bool // publish.Wanted
	Check  func(publish.Files, publish.Facts) publish.Report
}

// Compare says what is wrong with how the head publishes, and is not with how the base does.
// Where nothing that matters to it differs, no file is read: of a package.json that is what
// it says of publishing, and not what it depends on.
func (p PublishCheck) Compare(ctx context.Context, base, head Tree, facts publish.Facts) ([]policy.Problem, error) {
	if p.Check == nil {
		return nil, nil
	}
	c := publishing{check: p, facts: facts, read: map[string][]byte{}, base: p.among(base), head: p.among(head)}
	if t, knows := head.(Partial); knows {
		c.facts.Partial = t.Partial()
	}
	changed, err := c.changed(ctx)
	if err != nil || len(changed) == 0 {
		return nil, err
	}
	names, err := c.workflows(ctx, changed)
	if err != nil {
		return nil, err
	}
	if err := c.fetch(ctx, c.head, names); err != nil {
		return nil, err
	}
	if err := c.called(ctx, names); err != nil {
		return nil, err
	}
	now, err := c.report(ctx, c.head, names)
	if err != nil {
		return nil, err
	}
	if len(now.Ways) == 0 && len(now.Findings) == 0 && len(c.unread(c.head, now, changed)) == 0 && len(c.left) == 0 {
		return nil, nil // nothing is published there
	}
	for _, name := range slices.SortedFunc(maps.Keys(c.all()), nearest) {
		if isWorkflow(name) {
			continue
		}
		// What both sides have is read once for many pull requests.
		b, stays := c.base.files[name]
		stays = stays && b.ID == c.head.files[name].ID
		if len(names) < MaxPublishFiles || stays && len(names) < MaxPublishStaying {
			names[name] = true
		}
		c.facts.Partial = c.facts.Partial || !names[name]
	}
	if now, err = c.report(ctx, c.head, names); err != nil {
		return nil, err
	}
	was, err := c.report(ctx, c.base, names)
	if err != nil {
		return nil, err
	}
	return append(c.unreadable(changed, was, now), c.problems(c.fresh(was.Findings, now.Findings))...), nil
}

// publishing is one comparison.
type publishing struct {
	check      PublishCheck
	facts      publish.Facts
	base, head publishSide
	read       map[string][]byte // by id; nil for what could not be read
	held       int
	left       []string // workflows that differ, beyond the limit
}

type publishSide struct {
	tree  Tree
	files map[string]TreeEntry // that matter, by path
}

// among are the files of a tree that matter.
func (p PublishCheck) among(t Tree) publishSide {
	s := publishSide{t, map[string]TreeEntry{}}
	for _, e := range t.Entries() {
		if e.Kind == Blob && p.Wanted(e.Path) {
			s.files[e.Path] = e
		}
	}
	return s
}

func (c *publishing) all() map[string]bool {
	all := map[string]bool{}
	for _, s := range []publishSide{c.base, c.head} {
		for name := range s.files {
			all[name] = true
		}
	}
	return all
}

// nearest puts workflows first, which say what is published, then what lies near the root:
// nothing that a pull request brings keeps them from being read.
func nearest(a, b string) int {
	rank := func(name string) int {
		if isWorkflow(name) {
			return -1
		}
		return strings.Count(name, "/")
	}
	return cmp.Or(rank(a)-rank(b), strings.Compare(a, b))
}

// changed are the files that differ in what matters, in the order of nearest.
func (c *publishing) changed(ctx context.Context) (out []string, err error) {
	var differ []string
	heads, bases := map[string]bool{}, map[string]bool{}
	for _, name := range slices.SortedFunc(maps.Keys(c.all()), nearest) {
		b, stood := c.base.files[name]
		h, stands := c.head.files[name]
		if stood == stands && b.ID == h.ID {
			continue
		}
		if len(differ) == MaxPublishFiles {
			if stands && isWorkflow(name) {
				c.left = append(c.left, name)
			}
			continue
		}
		differ, heads[name] = append(differ, name), true
		if sections(name) != nil {
			bases[name] = true
		}
	}
	if err := errors.Join(c.fetch(ctx, c.head, heads), c.fetch(ctx, c.base, bases)); err != nil {
		return nil, err
	}
	for _, name := range differ {
		is, err := c.file(ctx, c.head, name)
		if err != nil {
			return nil, err
		}
		if keys := sections(name); keys != nil {
			was, err := c.file(ctx, c.base, name)
			if err != nil {
				return nil, err
			}
			if samePublishing(name, keys, was, is) {
				continue
			}
		}
		out = append(out, name)
	}
	return out, nil
}

// unreadable says which workflows, and actions, can be read no longer: what they publish is
// not known.
func (c *publishing) unreadable(changed []string, was, now publish.Report) (out []policy.Problem) {
	before := c.unread(c.base, was, changed)
	for _, u := range c.unread(c.head, now, changed) {
		if slices.ContainsFunc(before, func(b publish.Unread) bool { return b.File == u.File }) || len(out) == MaxPublishFindings {
			continue
		}
		out = append(out, policy.Problem{
			Kind: policy.PublishWorkflow, Lockfile: u.File, Line: u.Line,
			Detail: u.File + " cannot be read, so that nobody looked at what it publishes. " + u.Reason,
			Help:   "Mend the file, or make it shorter.",
		})
	}
	if n := len(c.left); n > 0 {
		out = append(out, policy.Problem{
			Kind: policy.PublishWorkflow, Lockfile: c.left[0],
			Detail: fmt.Sprintf("More than %d workflows and settings differ: nobody looked at what %d of the workflows publish, this one among them.", MaxPublishFiles, n),
			Help:   "Change fewer workflows at a time; bonafide publish-check looks at all.",
		})
	}
	return out
}

// unread are the workflows and actions of a side, among some files, of which nothing was read.
func (c *publishing) unread(s publishSide, r publish.Report, names []string) (out []publish.Unread) {
	for _, name := range names {
		e, stands := s.files[name]
		if !stands || !isWorkflow(name) && !isAction(name) {
			continue
		}
		data, asked := c.read[e.ID]
		i := slices.IndexFunc(r.Unread, func(u publish.Unread) bool { return u.Whole && u.File == name })
		switch {
		case i >= 0:
			out = append(out, r.Unread[i])
		case data != nil:
		case asked || e.Size > MaxPublishFileBytes:
			out = append(out, publish.Unread{File: name, Reason: fmt.Sprintf("It has more than %d kB.", MaxPublishFileBytes>>10)})
		default:
			out = append(out, publish.Unread{File: name, Reason: fmt.Sprintf("The workflows and settings have more than %d kB together.", MaxPublishBytes>>10)})
		}
	}
	return out
}

// sections are the keys that say how packages are published, of a file whose others change
// with every dependency; nil for any other file.
func sections(name string) []string {
	switch path.Base(name) {
	case "package.json":
		return []string{"name", "private", "publishConfig", "repository", "scripts", "workspaces", "packageManager", "devEngines", "engines", "volta", "release", "lerna", "release-it"}
	case "pnpm-workspace.yaml":
		return []string{"packages", "provenance", "registry", "registries"}
	}
	return nil
}

// samePublishing says whether two versions of a file say the same under some keys.
func samePublishing(name string, keys []string, was, is []byte) bool {
	decode := json.Unmarshal
	if path.Ext(name) == ".yaml" {
		decode = func(data []byte, into any) error {
			loader, err := yaml.NewLoader(bytes.NewReader(data), yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxSettingsDepth))))
			if err != nil {
				return fmt.Errorf("set up the YAML reader: %w", err)
			}
			return loader.Load(into)
		}
	}
	part := func(data []byte) map[string]any {
		var all map[string]any
		if decode(data, &all) != nil {
			return nil
		}
		out := map[string]any{}
		for _, key := range keys {
			if value, ok := all[key]; ok {
				out[key] = value
			}
		}
		return out
	}
	return reflect.DeepEqual(part(was), part(is))
}

// maxSettingsDepth bounds how deep the settings of a workspace are nested: they are a mapping
// of lists, and catalogs of mappings.
const maxSettingsDepth = 100

func isWorkflow(name string) bool { return path.Dir(name) == ".github/workflows" }

func isAction(name string) bool {
	base := path.Base(name)
	return base == "action.yml" || base == "action.yaml"
}

// workflows are the files that are read first: what changed, and where that bears on other
// workflows, all of them.
func (c *publishing) workflows(ctx context.Context, changed []string) (map[string]bool, error) {
	names := map[string]bool{}
	used := false
	for _, name := range changed {
		data, err := c.file(ctx, c.head, name)
		if err != nil {
			return nil, err
		}
		names[name] = true
		used = used || !isWorkflow(name) || bearsOnOthers.Match(data)
	}
	for _, name := range slices.Sorted(maps.Keys(c.all())) {
		if used && isWorkflow(name) && len(names) < MaxPublishFiles {
			names[name] = true
		}
	}
	return names, nil
}

var (
	// bearsOnOthers is a workflow that others call, that begins when another one ends, or that
	// people without rights can start, so that it may write to the cache of a release.
	bearsOnOthers = regexp.MustCompile(`\b(workflow_(call|run)|pull_request_target|issue_comment)\b`)
	// uses is a step or a job that calls what lies in the same repository.
	uses = regexp.MustCompile(`(?m)^[ \t-]*["']?uses["']?[ \t]*:[ \t]*["']?[.$]/([^\s"'#@]+)`)
)

// called adds the local workflows and actions that files of the head call, and those that
// these do. What the base alone called has nothing new to say.
func (c *publishing) called(ctx context.Context, names map[string]bool) error {
	open := slices.Sorted(maps.Keys(names))
	for len(open) > 0 {
		name := open[0]
		open = open[1:]
		data, err := c.file(ctx, c.head, name)
		if err != nil {
			return err
		}
		for _, m := range uses.FindAllSubmatch(data, MaxPublishFiles) {
			target := path.Clean(string(m[1]))
			for _, callee := range []string{target, path.Join(target, "action.yml"), path.Join(target, "action.yaml")} {
				if _, there := c.head.files[callee]; there && !names[callee] && len(names) < MaxPublishFiles {
					names[callee] = true
					open = append(open, callee)
				}
			}
		}
	}
	return nil
}

// report is what the check finds in some files of a side.
func (c *publishing) report(ctx context.Context, s publishSide, names map[string]bool) (publish.Report, error) {
	if err := c.fetch(ctx, s, names); err != nil {
		return publish.Report{}, err
	}
	files := publish.Files{}
	for _, name := range slices.SortedFunc(maps.Keys(names), nearest) {
		data, err := c.file(ctx, s, name)
		if err != nil {
			return publish.Report{}, err
		}
		if data != nil {
			files[name] = data
		}
	}
	return c.check.Check(files, c.facts), nil
}

// fetch reads files at the same time where they are far away: one after the other they would
// wait for each other's way.
func (c *publishing) fetch(ctx context.Context, s publishSide, names map[string]bool) error {
	if _, far := s.tree.(Distant); !far {
		return nil
	}
	var need []TreeEntry
	asked := map[string]bool{}
	for _, name := range slices.SortedFunc(maps.Keys(names), nearest) {
		e, ok := s.files[name]
		if _, known := c.read[e.ID]; ok && !known && !asked[e.ID] && e.Size >= 0 && e.Size <= MaxPublishFileBytes && c.held <= MaxPublishBytes {
			if err := RoomOf(ctx).Take(contentCopies * e.Size); err != nil {
				return err
			}
			asked[e.ID] = true
			c.held += int(e.Size)
			need = append(need, e)
		}
	}
	contents := make([][]byte, len(need))
	g, together := errgroup.WithContext(ctx)
	g.SetLimit(fetchesAtATime)
	for i, e := range need {
		g.Go(func() error {
			type read struct {
				data []byte
				err  error
			}
			got := contained(ctx, "reading "+e.Path, func() read {
				data, err := s.tree.Read(together, e)
				return read{data, err}
			}, read{err: errPanic})
			if got.err != nil && !errors.Is(got.err, ErrTooLarge) {
				return fmt.Errorf("read %s: %w", e.Path, got.err)
			}
			if contents[i] = got.data; got.err == nil && got.data == nil {
				contents[i] = []byte{} // it is empty, and was read
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, e := range need {
		c.read[e.ID] = contents[i]
	}
	return nil
}

// file reads a file of a side, each content once; nil where there is none, or it is beyond
// the limits.
func (c *publishing) file(ctx context.Context, s publishSide, name string) ([]byte, error) {
	e, ok := s.files[name]
	if !ok {
		return nil, nil
	}
	if data, known := c.read[e.ID]; known {
		return data, nil
	}
	if e.Size > MaxPublishFileBytes || c.held > MaxPublishBytes {
		return nil, nil
	}
	data, err := s.tree.Read(ctx, e)
	switch {
	case errors.Is(err, ErrTooLarge) || err == nil && len(data) > MaxPublishFileBytes:
		data = nil
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", name, err)
	case data == nil:
		data = []byte{} // it is empty, and was read
	}
	if err := RoomOf(ctx).Take(contentCopies * int64(len(data))); err != nil {
		return nil, err
	}
	c.read[e.ID], c.held = data, c.held+len(data)
	return data, nil
}

// fresh are the findings that the base does not have, or has as less grave: by what they say
// and in which file, not by their lines. A file that was renamed brings nothing new.
func (c *publishing) fresh(was, is []publish.Finding) []publish.Finding {
	type key struct{ rule, file, message string }
	known := map[key][]publish.Severity{}
	for _, f := range was {
		k := key{f.Rule, f.File, f.Message}
		if _, stays := c.head.files[f.File]; !stays {
			k.file = ""
		}
		known[k] = append(known[k], f.Severity)
	}
	return slices.DeleteFunc(slices.Clone(is), func(f publish.Finding) bool {
		k := key{f.Rule, f.File, f.Message}
		if _, stood := c.base.files[f.File]; !stood {
			k.file = ""
		}
		i := slices.IndexFunc(known[k], func(s publish.Severity) bool { return grave(s) >= grave(f.Severity) })
		if i < 0 {
			return false
		}
		known[k] = slices.Delete(known[k], i, i+1)
		return true
	})
}

func grave(s publish.Severity) int {
	return slices.Index([]publish.Severity{publish.Notice, publish.Warning, publish.Error}, s)
}

// problems are findings as the policy weighs them.
func (c *publishing) problems(findings []publish.Finding) (out []policy.Problem) {
	for _, f := range findings[:min(len(findings), MaxPublishFindings)] {
		plain := strings.NewReplacer("`", "") // what is code is shown so by whoever shows it
		help, why := plain.Replace(f.Help), plain.Replace(f.Why)
		if f.Source != "" {
			help = strings.TrimSpace(help + " See " + f.Source)
		}
		out = append(out, policy.Problem{
			Kind: policy.PublishWorkflow, Lockfile: f.File, Line: f.Line, Detail: f.Message, Why: why, Help: help, Link: f.Source,
			Mended: mendedLines(f, c.read[c.head.files[f.File].ID]),
		})
	}
	if more := len(findings) - MaxPublishFindings; more > 0 {
		out = append(out, policy.Problem{Kind: policy.PublishWorkflow, Lockfile: findings[MaxPublishFindings].File,
			Detail: fmt.Sprintf("There are %d more findings about how this repository publishes.", more), Help: "bonafide publish-check lists them all."})
	}
	return out
}

// mendedLines are the edits of a finding as lines of its file that take the place of others:
// one piece without a gap that is too long, and never without a line that they replace. It is
// zero where the edits are no such piece, or where somebody who reads them might not see what
// they are.
func mendedLines(f publish.Finding, data []byte) (m policy.Mended) {
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	edits := slices.Clone(f.Edits)
	slices.SortStableFunc(edits, func(a, b publish.Edit) int { return cmp.Compare(a.From, b.From) })
	if len(edits) == 0 || len(data) == 0 || !utf8.Valid(data) {
		return m
	}
	from, to := edits[0].From, 0
	next := 1
	for _, e := range edits {
		if e.File != f.File || e.From < next || e.To < e.From-1 || e.To > len(lines) || e.From > len(lines)+1 {
			return m // another file, overlapping, or out of the file
		}
		next, to = max(e.To+1, e.From), max(to, e.To)
	}
	if to < from { // only inserted: a line beside it is replaced by itself and the new ones
		if from > 1 {
			from--
		}
		to = from
	}
	if to-from >= MaxMendedLines {
		return m
	}
	var text []string
	at := from
	for _, e := range edits {
		for ; at < e.From && at <= to; at++ {
			text = append(text, lines[at-1])
		}
		text = append(text, e.Lines...)
		at = max(at, e.To+1)
	}
	for ; at <= to; at++ {
		text = append(text, lines[at-1])
	}
	whole := strings.Join(text, "\n")
	if len(text) == 0 || len(whole) > MaxMendedBytes || strings.ContainsFunc(whole, hidden) {
		return m
	}
	return policy.Mended{From: from, To: to, Text: whole}
}

// hidden is a character that does not show what it does: carriage returns among them, which
// a suggestion would not keep.
func hidden(r rune) bool {
	return r != '\n' && r != '\t' && (r < ' ' || r == 0x7f) || r == '\uFFFD' ||
		r >= 0x80 && r < 0xa0 || r == 0xad || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r == 0xfeff || r >= 0xe0000 && r <= 0xe0fff
}
