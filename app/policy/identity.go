package policy

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// difference is one thing in which who built a release differs from before.
type difference struct {
	text string // "the trigger was push and is now release"
	// kind is the text without what belongs to one package or version alone, so that
	// packages with one cause can be told together.
	kind string
}

// changed is the version before that speaks about a change of identity.
type changed struct {
	before
	old, now    *provenance.Identity
	elsewhere   bool // another repository of another owner
	differences []difference
}

// identity is who is proven to have built a release, nil where nobody is.
func identity(e provenance.Evidence) *provenance.Identity {
	if e.Provenance.State != provenance.Verified {
		return nil
	}
	return e.Provenance.Identity
}

// ancestors are the versions to compare identities with: what is replaced under the
// same name weighs as its release line does. Where nothing of that line is replaced, a
// copy of it that stays does: else a further copy could come from anywhere. Where none of
// these is proven to have a builder, the newest release with provenance of its line, or of the one below, does. Everything else is
// information.
func (s Subject) ancestors() []before {
	out := s.locked()
	if p, below, ok := s.builtBefore(); ok {
		out = append(out, s.witnessed(p, below))
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].weighs && !out[j].weighs })
	return out
}

// locked are those of the ancestors that stand in the lockfile.
func (s Subject) locked() []before {
	out := s.compared()
	replaced := false
	for i := range out {
		out[i].weighs = out[i].weighs && out[i].entry.Package.Name == s.Change.Entry.Package.Name
		replaced = replaced || out[i].weighs && !out[i].stays
	}
	for i := range out {
		out[i].weighs = out[i].weighs && !(replaced && out[i].stays)
	}
	return out
}

// identityChanged is the version before whose identity is another one: the first that
// weighs, those from the same repository or owner before others; else the first of
// the rest. There is none where one of those that weigh (of the rest, if none does) has the
// same identity.
func (s Subject) identityChanged() (changed, bool) {
	now := identity(s.Evidence)
	if !s.lookedAt() || now == nil {
		return changed{}, false
	}
	var found []changed
	for _, b := range s.ancestors() {
		old := identity(b.evidence)
		if old == nil {
			continue
		}
		if len(found) > 0 && found[0].weighs != b.weighs {
			break // what weighs has spoken
		}
		c := changed{before: b, old: old, now: now, differences: differences(b.evidence, s.Evidence)}
		if len(c.differences) == 0 {
			return changed{}, false
		}
		c.elsewhere = !sameRepository(old, now) && !sameOwner(old, now)
		found = append(found, c)
	}
	for _, c := range found {
		if !c.elsewhere {
			return c, true
		}
	}
	if len(found) == 0 {
		return changed{}, false
	}
	return found[0], true
}

// settled says whether the change is an old one: the comparison is with an earlier release
// alone, not with anything that stood in the lockfile, and this one has been out for LossTime.
// Projects move; one that did so long ago has not been taken over just now. since
// completes a sentence about it.
func (c changed) settled(s Subject, v view) (since string, settled bool) {
	when, unknown := s.published()
	if c.past == "" || unknown != "" || !v.at.reached(when.Add(LossTime)) {
		return "", false
	}
	return fmt.Sprintf("; %s has been out since %s", quote(s.Change.Entry.Package.Version), when.Format(time.DateOnly)), true
}

// differences compares two verified identities, and the registry's words about the
// publisher. What one of the certificates does not state cannot differ.
func differences(before, after provenance.Evidence) []difference {
	old, now := before.Provenance.Identity, after.Provenance.Identity
	var out []difference
	add := func(what, was, is string) {
		text := fmt.Sprintf("%s was %s and is now %s", what, was, is)
		out = append(out, difference{text, text})
	}
	differ := func(a, b string) bool { return a != "" && b != "" && a != b }

	if same := sameRepository(old, now); !same || repositoryName(old.Repository) != repositoryName(now.Repository) {
		how := "another repository of another owner"
		switch owner := sameOwner(old, now); {
		case same && owner:
			how = "renamed: its id is the same"
		case same:
			how = "moved to another owner: its id is the same"
		case owner && repositoryName(old.Repository) == repositoryName(now.Repository):
			how = "another one under the same name: its id is not the same"
		case owner:
			how = "another one of the same owner"
		}
		add("the repository", repository(old), repository(now)+" ("+how+")")
	}
	signers := differ(signer(old), signer(now))
	// Old certificates name only the workflow that signed, which may be a reusable one.
	if differ(workflow(old), workflow(now)) && (signers || !legacy(old) && !legacy(now)) {
		add("the workflow", quote(workflow(old)), quote(workflow(now)))
	}
	if signers && (signer(old) != workflow(old) || signer(now) != workflow(now)) {
		add("the signer", signedBy(old), signedBy(now))
	}
	if was, is := refKind(old.Ref), refKind(now.Ref); differ(was, is) {
		out = append(out, difference{
			fmt.Sprintf("the ref was %s (%s) and is now %s (%s)", was, quote(old.Ref), is, quote(now.Ref)),
			fmt.Sprintf("the ref was %s and is now %s", was, is),
		})
	}
	if differ(old.Trigger, now.Trigger) || old.Trigger == "" && danger(now) != "" {
		add("the trigger", quote(cmp.Or(old.Trigger, "not stated")), quote(now.Trigger))
	}
	if differ(old.Runner, now.Runner) {
		add("the runner", runner(old.Runner), runner(now.Runner))
	}
	if differ(old.Issuer, now.Issuer) {
		add("the issuer of the certificate's identity", quote(old.Issuer), quote(now.Issuer))
	}
	if was, is := configuration(before), configuration(after); differ(was, is) {
		out = append(out, difference{
			fmt.Sprintf("the trusted publisher's configuration at the registry was %s and is now %s", quote(was), quote(is)),
			"the trusted publisher's configuration at the registry is another one",
		})
	}
	return out
}

// sameRepository goes by the numeric id, which survives renames, else by the name. Ids
// of two forges mean nothing to each other.
func sameRepository(a, b *provenance.Identity) bool {
	x, y := repositoryName(a.Repository), repositoryName(b.Repository)
	if a.RepositoryID != "" && b.RepositoryID != "" {
		return a.RepositoryID == b.RepositoryID && host(x) == host(y)
	}
	return x == y
}

func sameOwner(a, b *provenance.Identity) bool {
	x, y := repositoryName(a.Repository), repositoryName(b.Repository)
	if a.OwnerID != "" && b.OwnerID != "" {
		return a.OwnerID == b.OwnerID && host(x) == host(y)
	}
	owner := func(name string) string { return name[:max(strings.LastIndexByte(name, '/'), 0)] }
	return owner(x) == owner(y)
}

// repositoryName is a repository's address in one form: "github.com/owner/repo".
// Forges do not tell names apart by case.
func repositoryName(address string) string {
	name := strings.ToLower(strings.TrimSuffix(address, "/"))
	return strings.TrimSuffix(strings.TrimPrefix(name, "https://"), ".git")
}

func host(name string) string {
	host, _, _ := strings.Cut(name, "/")
	return host
}

// legacy says whether a certificate is of the kind before April 2023, which has no ids.
func legacy(i *provenance.Identity) bool { return i.RepositoryID == "" }

// workflow is the path of the top-level workflow, without the ref that one of another
// repository carries.
func workflow(i *provenance.Identity) string { return withoutRef(i.Workflow) }

// signer is the path of the workflow that signed, in the form of workflow.
func signer(i *provenance.Identity) string {
	address := withoutRef(i.Signer)
	if path, inside := strings.CutPrefix(address, i.Repository+"/"); inside {
		return strings.TrimPrefix(path, "/") // GitLab divides by two slashes
	}
	return address
}

// withoutRef takes the ref off a workflow's address. A ref may hold an @ itself:
// "refs/tags/@acme/web@1.0.0". A path has none.
func withoutRef(address string) string {
	if !strings.HasPrefix(address, "https://") {
		return address
	}
	if path, _, ok := strings.Cut(address, "@refs/"); ok {
		return path
	}
	path, _, _ := strings.Cut(address, "@")
	return path
}

func signedBy(i *provenance.Identity) string {
	if signer(i) == workflow(i) {
		return "the workflow itself"
	}
	address := quote(strings.TrimPrefix(signer(i), "https://"))
	if strings.Contains(address, ".github/workflows/") {
		return "the reusable workflow " + address
	}
	return address
}

// refKind is the kind of a ref in words, "" where none is stated.
func refKind(ref string) string {
	switch {
	case ref == "":
		return ""
	case strings.HasPrefix(ref, "refs/tags/"):
		return "a tag"
	case strings.HasPrefix(ref, "refs/heads/"):
		return "a branch"
	case strings.HasPrefix(ref, "refs/pull/"), strings.HasPrefix(ref, "refs/merge-requests/"):
		return "a pull request"
	}
	return "neither tag, branch nor pull request"
}

func runner(kind string) string {
	switch kind {
	case "github-hosted":
		return "GitHub's own"
	case "self-hosted":
		return "a self-hosted one"
	}
	return quote(kind)
}

func configuration(e provenance.Evidence) string {
	if trustedPublisher(e) == "" {
		return ""
	}
	return e.Release.Publisher.OIDCConfigID
}

// danger says why a trigger lets strangers near a release, "" where it does not.
func danger(i *provenance.Identity) string {
	switch i.Trigger {
	case "pull_request_target":
		return "pull_request_target is dangerous: it runs with the repository's own rights for pull requests of strangers, who may have steered what was built"
	case "issue_comment":
		return "issue_comment is dangerous: it runs with the repository's own rights when anybody writes a comment, who may have steered what was built"
	case "workflow_run":
		return "workflow_run is dangerous: it runs with the repository's own rights after another workflow, also after one that a stranger's pull request started, and may build from what that one left"
	}
	return ""
}

// cause files findings of one cause together.
func (c changed) cause() string {
	kinds := make([]string, len(c.differences))
	for i, d := range c.differences {
		kinds[i] = d.kind
	}
	return strings.Join(kinds, "; ")
}

// dangerous says first in a help what a new trigger makes dangerous, where a message
// cannot be so long that it is cut off.
func (c changed) dangerous() string {
	why := danger(c.now)
	if why == "" {
		return ""
	}
	return "The trigger " + why + ". "
}

// information is the help where the comparison does not weigh.
const information = "Nothing to do where packages only moved within the tree, or where another package asks for this version. Look at it where nobody does."

// view points to what changed in the source between the two, where that can be shown.
func (c changed) view() string {
	address := compareView(c.old, c.now)
	if address == "" {
		return ""
	}
	return fmt.Sprintf("What changed in the source since %s: %s. ", quote(c.entry.Package.ID()), address)
}

// compareView is the address where the forge shows what changed between two commits of
// one repository, "" where a part of it is not of the shape that it must have.
func compareView(old, now *provenance.Identity) string {
	host, path, ok := forge(now.Repository)
	if !ok || !sameRepository(old, now) || !isCommit(old.Commit) || !isCommit(now.Commit) || old.Commit == now.Commit {
		return ""
	}
	between := ""
	if host == "gitlab.com" {
		between = "/-"
	}
	return "https://" + host + "/" + path + between + "/compare/" + old.Commit + "..." + now.Commit
}

// forge is the host and the path of a repository on one of the public forges that sign
// with Sigstore's public instance, where the address has the plain shape that theirs have.
func forge(repository string) (host, path string, ok bool) {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
	path, ok = strings.CutPrefix(repository, "https://")
	host, path, _ = strings.Cut(path, "/")
	if !ok || len(path) > MaxPath {
		return "", "", false
	}
	segments := strings.Split(path, "/")
	for _, s := range segments {
		if strings.Trim(s, plain) != "" || strings.Trim(s, ".-") == "" {
			return "", "", false
		}
	}
	ok = host == "github.com" && len(segments) == 2 || host == "gitlab.com" && len(segments) >= 2
	return host, path, ok
}

// isCommit says whether s is a whole git object id, SHA-1 or SHA-256.
func isCommit(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// identityUnknown: nobody can say whether a release comes from where the version before
// came from, as that one could not be asked about. It is a warning at most, and silent
// where the rule unverified says something about the package already. The same version
// repinned is the same release.
func identityUnknown(rule RuleName, s Subject, v view) []draft {
	now := identity(s.Evidence)
	if !s.lookedAt() || now == nil || s.Change.Kind == dep.Repinned || len(unverified(s, v)) > 0 {
		return nil
	}
	ancestors := s.ancestors()
	for _, b := range ancestors {
		if b.evidence.Gone || state(b.evidence.Provenance.Check) != provenance.Unknown {
			continue
		}
		if slices.ContainsFunc(ancestors, func(x before) bool { return identity(x.evidence) != nil && (x.weighs || !b.weighs) }) {
			return nil // another one that weighs as much has answered
		}
		reason := sentence(b.evidence.Provenance.Reason)
		help := "Run the check again when the registry answers, and compare who built the two."
		notTold := !b.asked() && !v.askable(b.entry)
		switch {
		case notTold:
			reason = "it comes from a registry that Bonafide was not told about"
			help = "The operator can add that registry to the file of --registries, or declare it a mirror, where such packages are to be compared."
		case reason == "":
			reason = "it was not asked about"
		}
		name := s.Change.Entry.Package
		d := about(rule, s, fmt.Sprintf("%s was built from %s, and whether %s, came from the same repository and workflow could not be found out: %s.",
			id(name), repository(now), b.which(name), reason), help)
		d.cause, d.many = "before "+reason, "have verified provenance, and whether the versions before came from the same repositories and workflows could not be found out: "+reason
		d.atMost = Notice
		if b.weighs && !notTold {
			d.atMost, d.Unknown = Warning, true
		}
		return []draft{d}
	}
	if reason := s.builderUnread(); reason != "" && !s.historyTold(v) {
		d := about(rule, s, fmt.Sprintf("%s was built from %s, and whether the releases before it in its line came from the same repository and workflow could not be found out: %s.",
			id(s.Change.Entry.Package), repository(now), reason), "Compare it with the release before it yourself, or run the check again when the registry answers.")
		d.atMost, d.Unknown, d.cause = Warning, true, "line "+reason
		d.many = "have verified provenance, and whether the releases before them in their lines came from the same repositories and workflows could not be found out: " + reason
		return []draft{d}
	}
	return nil
}
