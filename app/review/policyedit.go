package review

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/policy"
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
		below := func(folder string) bool { return strings.HasPrefix(p, folder+"/") } // which stood where the file belongs
		if !slices.Contains(paths, p) && !slices.ContainsFunc(paths, below) {
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
