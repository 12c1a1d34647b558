package review

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/config"
)

// PolicyFile is a policy file as it was read.
type PolicyFile struct {
	Path string
	Data []byte
}

// Propose says what would hold once the policy file were the given one; nil: there were
// none. The problem is what is wrong with it.
type Propose func(ctx context.Context, file *PolicyFile) (policy.Policy, *policy.Problem, error)

// PolicyEdit is a change of the policy file.
type PolicyEdit struct {
	Path    string          // the first that differs
	Removed bool            // no policy file is left
	Only    bool            // nothing but policy files differs
	Policy  policy.Policy   // that would hold
	Problem *policy.Problem // what is wrong with the new file, nil for nothing
}

// folder is the kind of an entry that stands for a folder. Trees do not list any.
const folder EntryKind = "tree"

// PolicyFault says what is wrong with what stands at the paths of policy files, in the
// order of config.PolicyPaths and config.MistakenPolicyPaths: one sentence or two, ""
// where the first of them is the policy file.
func PolicyFault(there []TreeEntry) string {
	e := there[0]
	switch {
	case len(there) > 1:
		return fmt.Sprintf("There are two policy files, %s and %s. Keep one of them.", e.Path, there[1].Path)
	case slices.Contains(config.MistakenPolicyPaths(), e.Path):
		return fmt.Sprintf("The policy file is named %s. Rename it to end in .yml.", e.Path)
	case e.Kind == folder:
		return fmt.Sprintf("%s is a folder. It must be a file.", e.Path)
	case e.Kind != Blob:
		return fmt.Sprintf("%s is a %s. It must be a file of its own.", e.Path, e.Kind)
	}
	return ""
}

// EditOf finds out whether the policy file differs between two trees, nil if not, and
// what would hold by the head's.
func EditOf(ctx context.Context, base, head Tree, propose Propose) (*PolicyEdit, error) {
	paths := append(config.PolicyPaths(), config.MistakenPolicyPaths()...)
	before, after := entriesAt(base, paths), entriesAt(head, paths)
	edit := &PolicyEdit{}
	for _, p := range paths {
		if b, a := before[p], after[p]; b.Kind != a.Kind || b.ID != a.ID {
			edit.Path = p
			break
		}
	}
	if edit.Path == "" {
		return nil, nil
	}
	edit.Only = onlyDiffer(base, head, paths)

	var there []TreeEntry
	for _, p := range paths {
		if e, ok := after[p]; ok {
			there = append(there, e)
		}
	}
	if len(there) == 0 {
		edit.Removed = true
		var err error
		edit.Policy, edit.Problem, err = propose(ctx, nil)
		return edit, err
	}
	edit.Path = there[0].Path
	if fault := PolicyFault(there); fault != "" {
		edit.Problem = &policy.Problem{Lockfile: edit.Path, Detail: fault}
		return edit, nil
	}
	data, err := readPolicyFile(ctx, head, there[0])
	if errors.Is(err, ErrTooLarge) {
		edit.Problem = &policy.Problem{Lockfile: edit.Path, Detail: fmt.Sprintf("%s is larger than %d kB. Shorten it.", edit.Path, config.MaxPolicyBytes>>10)}
		return edit, nil
	} else if err != nil {
		return nil, fmt.Errorf("read the policy file %s at the head: %w", edit.Path, err)
	}
	edit.Policy, edit.Problem, err = propose(ctx, &PolicyFile{edit.Path, data})
	return edit, err
}

// readPolicyFile reads no more than a policy file may have.
func readPolicyFile(ctx context.Context, t Tree, e TreeEntry) ([]byte, error) {
	if e.Size > config.MaxPolicyBytes {
		return nil, ErrTooLarge
	}
	return t.Read(ctx, e)
}

// entriesAt are the entries at some paths. A path that is a folder is there, too.
func entriesAt(t Tree, paths []string) map[string]TreeEntry {
	out := map[string]TreeEntry{}
	for _, e := range t.Entries() {
		if slices.Contains(paths, e.Path) {
			out[e.Path] = e
			continue
		}
		for _, p := range paths {
			if strings.HasPrefix(e.Path, p+"/") {
				out[p] = TreeEntry{Path: p, Kind: folder}
			}
		}
	}
	return out
}

// onlyDiffer says whether two trees are the same but for some paths.
func onlyDiffer(base, head Tree, paths []string) bool {
	type content struct {
		kind EntryKind
		id   string
	}
	before := map[string]content{}
	for _, e := range base.Entries() {
		before[e.Path] = content{e.Kind, e.ID}
	}
	for _, e := range head.Entries() {
		was, ok := before[e.Path]
		if !slices.Contains(paths, e.Path) && (!ok || was != content{e.Kind, e.ID}) {
			return false
		}
		delete(before, e.Path)
	}
	for p := range before {
		if !slices.Contains(paths, p) {
			return false
		}
	}
	return true
}

// mend takes the problem with the base's policy file, or with a floor that is not known,
// out of the way of a pull request that does nothing but mend it. The defaults judge,
// under the floor; the floor that such a file of the .github repository brings along
// counts as it will stand there.
func (e *PolicyEdit) mend(p policy.Policy, problem *policy.Problem) (policy.Policy, *policy.Problem) {
	if e == nil || !e.Only || e.Problem != nil {
		return p, problem
	}
	mended := policy.Problem{Kind: policy.PolicyMended, Lockfile: e.Path}
	file := problem != nil && problem.Kind == policy.PolicyInvalid && problem.Lockfile != ""
	floor := p.FloorUnread != "" && e.Policy.FloorUnread == ""
	switch {
	case file:
		mended.Lockfile = problem.Lockfile
	case floor && problem == nil:
		mended.Detail = "The organisation's floor is not known, which this pull request mends: it changes nothing but the policy file, so it is judged by what would hold."
	default:
		return p, problem
	}
	if floor {
		p.FloorUnread = ""
		if e.Policy.Floor != nil {
			p = e.Policy.Floor.Over(p)
		}
	}
	return p, &mended
}

// preview judges the same evidence by the policy that would hold after the merge, and
// says what would change. The problem is what the check says of it.
func (e *PolicyEdit) preview(in policy.Input, req Request, at time.Time) (*report.Preview, policy.Problem) {
	if e.Problem != nil {
		problem := *e.Problem
		problem.Kind = policy.PolicyEditInvalid
		if problem.Lockfile == "" {
			problem.Lockfile = e.Path
		}
		return nil, problem
	}
	verb := "changes"
	if e.Removed {
		verb = "removes"
	}
	if patterns := len(e.Policy.Packages) + len(e.Policy.Exceptions); patterns*len(in.Subjects) > MaxPreview {
		return nil, policy.Problem{Kind: policy.PolicyEdited, Lockfile: e.Path, Detail: fmt.Sprintf(
			"This pull request %s the policy file %s; it is judged by the policy of the base branch. What would change under the new one was not worked out: it has %d blocks and exceptions, and %d packages change. Change the policy in a pull request of its own.",
			verb, e.Path, patterns, len(in.Subjects))}
	}
	out := &report.Preview{PolicyFrom: e.Policy.Source}
	for _, f := range req.Files {
		if e.Policy.Ignores(f.Path) {
			out.Limits = append(out.Limits, f.Path+" would be ignored from then on")
		}
	}
	for _, p := range req.Ignored {
		if !e.Policy.Ignores(p) {
			out.Limits = append(out.Limits, p+" is ignored now and would no longer be: what is in it was not looked at here")
		}
	}
	if asksMore(e.Policy, req.Policy) {
		out.Limits = append(out.Limits, "the share of packages with provenance, and packages that do not change, were counted for the present policy alone")
	}
	was := policy.Judge(in, req.Policy, at)
	is := policy.Judge(without(in, e.Policy.Ignores), e.Policy, at)
	out.Conclusion, out.WouldFail, out.Changes = is.Conclusion, is.WouldFail, changesOf(was, is)

	return out, policy.Problem{Kind: policy.PolicyEdited, Lockfile: e.Path, Detail: fmt.Sprintf(
		"This pull request %s the policy file %s; it is judged by the policy of the base branch. Under the new one this check would end in %s, with %s.",
		verb, e.Path, compared(outcome(is), outcome(was)), howMany(len(out.Changes)))}
}

// compared says what would be, and what it is in its place.
func compared(is, was string) string {
	if is == was {
		return is + " as well"
	}
	return is + ", not " + was
}

func howMany(n int) string {
	switch n {
	case 0:
		return "the same findings"
	case 1:
		return "one finding changed"
	}
	return fmt.Sprintf("%d findings changed", n)
}

func outcome(v policy.Verdict) string {
	s := strings.ReplaceAll(string(v.Conclusion), "_", " ")
	if v.WouldFail {
		s += ` ("would fail")`
	}
	return s
}

// asksMore says whether a policy asks about packages that the other one does not ask about.
func asksMore(p, than policy.Policy) bool {
	needed, counted := policy.NeedsInventory(p)
	was, wereCounted := policy.NeedsInventory(than)
	return needed && !was || counted && !wereCounted
}

// without is the input without the lockfiles that are ignored.
func without(in policy.Input, ignores func(string) bool) policy.Input {
	in.Subjects = slices.DeleteFunc(slices.Clone(in.Subjects), func(s policy.Subject) bool { return ignores(s.Change.Entry.Lockfile) })
	in.Problems = slices.DeleteFunc(slices.Clone(in.Problems), func(p policy.Problem) bool { return p.Kind != policy.PolicyInvalid && ignores(path.Clean(p.Lockfile)) })
	in.Inventories = slices.DeleteFunc(slices.Clone(in.Inventories), func(i policy.Inventory) bool { return ignores(i.Lockfile) })
	return in
}

// changesOf are the findings that two verdicts do not share: those that appear first,
// then those that change, then those that disappear.
func changesOf(was, is policy.Verdict) []report.PreviewChange {
	before, after := weights(was), weights(is)
	var appear, change, vanish []report.PreviewChange
	for _, f := range listed(is) {
		k := keyOf(f)
		if old, both := before[k]; !both {
			appear = append(appear, report.PreviewChange{Finding: f, Is: after[k]})
		} else if old != after[k] {
			change = append(change, report.PreviewChange{Finding: f, Was: old, Is: after[k]})
		}
	}
	for _, f := range listed(was) {
		if _, both := after[keyOf(f)]; !both {
			vanish = append(vanish, report.PreviewChange{Finding: f, Was: before[keyOf(f)]})
		}
	}
	return slices.Concat(appear, change, vanish)
}

// listed are the findings of a verdict, the pardoned ones last.
func listed(v policy.Verdict) []policy.Finding {
	out := slices.Clone(v.Findings)
	for _, e := range v.Excepted {
		out = append(out, e.Finding)
	}
	return out
}

// keyOf is what a finding is about, without its weight.
func keyOf(f policy.Finding) policy.Finding {
	f.Severity, f.Help = "", ""
	return f
}

// weights are how much the findings of a verdict weigh.
func weights(v policy.Verdict) map[policy.Finding]string {
	out := map[policy.Finding]string{}
	for _, f := range v.Findings {
		out[keyOf(f)] = string(f.Severity)
	}
	for _, e := range v.Excepted {
		out[keyOf(e.Finding)] = report.Pardoned
	}
	return out
}
