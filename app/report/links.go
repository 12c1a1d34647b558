package report

import (
	"strings"

	"github.com/bonafide-app/bonafide/app/provenance"
)

// builder writes down who built a release, from a verified certificate, as Markdown:
// repository, short commit, workflow and run, each a link where its shape is known.
func builder(id provenance.Identity) string {
	links := linksOf(id)
	out := linked(repositoryName(id.Repository), links.repository)
	if id.Commit != "" {
		out += " at " + linked(short(id.Commit), links.commit)
	}
	if id.Workflow != "" {
		out += " by " + linked(workflowName(id.Workflow), links.workflow)
	}
	if links.run != "" {
		out += " ([run](" + links.run + "))"
	}
	return out
}

// addresses are those that may be linked, "" where the shape is not known.
type addresses struct{ repository, commit, workflow, run string }

// linksOf builds the addresses of what a verified certificate names. Only shapes of
// the forges that Sigstore's public instance knows become links; the rest is shown
// as code.
func linksOf(id provenance.Identity) addresses {
	if len(id.Repository)+len(id.Workflow)+len(id.Run) > MaxURLChars {
		return addresses{}
	}
	path, ok := strings.CutPrefix(id.Repository, "https://")
	host, path, _ := strings.Cut(path, "/")
	if !ok || !plainPath(path) {
		return addresses{}
	}
	depth, between, runs := strings.Count(path, "/")+1, "", []string{"/actions/runs/", "/attempts/"}
	switch {
	case depth == 2 && (host == "github.com" || isEnterpriseCloud(host)):
	case depth >= 2 && host == "gitlab.com":
		between, runs = "/-", []string{"/-/jobs/"}
	default:
		return addresses{}
	}
	a := addresses{repository: id.Repository}
	if run, ok := strings.CutPrefix(id.Run, id.Repository); ok && isRun(run, runs) {
		a.run = id.Run
	}
	if isCommit(id.Commit) {
		a.commit = a.repository + between + "/commit/" + id.Commit
		if plainPath(id.Workflow) {
			a.workflow = a.repository + between + "/blob/" + id.Commit + "/" + id.Workflow
		}
	}
	return a
}

// compareLink is the address of what changed in the source between the replaced version
// and this one, "" where not both verified certificates name commits of one repository.
func compareLink(p Package) string {
	now := p.Evidence.Provenance.Identity
	if p.NotLookedUp != "" || p.Replaced == nil || p.Evidence.Provenance.State != provenance.Verified || now == nil {
		return ""
	}
	was := p.Replaced.Provenance.Identity
	if p.Replaced.Provenance.State != provenance.Verified || was == nil || was.Repository != now.Repository ||
		was.Commit == now.Commit || !isCommit(was.Commit) {
		return ""
	}
	if was.RepositoryID != "" && now.RepositoryID != "" && was.RepositoryID != now.RepositoryID {
		return "" // another repository under the same name
	}
	if base, ok := strings.CutSuffix(linksOf(*now).commit, "/commit/"+now.Commit); ok {
		return base + "/compare/" + was.Commit + "..." + now.Commit
	}
	return ""
}

// isEnterpriseCloud knows the hosts of GitHub Enterprise Cloud with data residency:
// one name below ghe.com.
func isEnterpriseCloud(host string) bool {
	name, ok := strings.CutSuffix(host, ".ghe.com")
	return ok && name != "" && only(name, "-") && name == strings.ToLower(name)
}

// plainPath says whether every segment is made of letters, digits and ._- alone, and
// none is empty or goes up.
func plainPath(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "" || segment == "." || segment == ".." || !only(segment, "._-") {
			return false
		}
	}
	return true
}

// only says whether s holds nothing but ASCII letters, digits and the characters of
// extra.
func only(s, extra string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && strings.IndexByte(extra, c) < 0 {
			return false
		}
	}
	return true
}

// isRun matches a path against prefixes that are each followed by a number; all but
// the first may be left out.
func isRun(path string, prefixes []string) bool {
	for i, p := range prefixes {
		rest, ok := strings.CutPrefix(path, p)
		if !ok {
			return i > 0 && path == ""
		}
		path = strings.TrimLeft(rest, "0123456789")
		if path == rest {
			return false
		}
	}
	return path == ""
}

// isCommit says whether s is a whole git object id, SHA-1 or SHA-256.
func isCommit(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// linked shows text as code and, with an address, as a link. An address holds
// nothing that could end the link: its shape was checked.
func linked(text, address string) string {
	if address == "" {
		return shown(text)
	}
	return "[" + shown(text) + "](" + address + ")"
}

// repositoryName is OWNER/REPO without the host everybody knows.
func repositoryName(repository string) string {
	return strings.TrimPrefix(strings.TrimPrefix(repository, "https://"), "github.com/")
}

// workflowName is the file's name: the folder is the same for everybody.
func workflowName(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// short abbreviates a commit as git does.
func short(commit string) string {
	if isCommit(commit) {
		return commit[:shortestCommit]
	}
	return commit
}

// linkable says once more that an address can be shown as a link: nothing in it could end
// the link or lead to another scheme.
func linkable(address string) bool {
	rest, ok := strings.CutPrefix(address, "https://")
	return ok && len(address) <= MaxURLChars && only(rest, "._-/#")
}

// shown is a name, a version or a path from outside as code, not too long.
func shown(s string) string { return Code(clip(s, MaxNameChars)) }
