package review

import (
	"context"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// Hub answers what GitHub knows beside the repository that is reviewed: workflow runs
// and commits of public repositories, and advisories. Package checks implements it. It
// is asked with bounded patience, so that no verdict waits for it: what it cannot answer
// in time is said. Only public names may be given to it. It is safe for concurrent use,
// ends when ctx does, and never fails: what it could not find out is in the answer.
type Hub interface {
	// Run looks up the workflow run that a verified identity names, and where its commit
	// stands. A repository that is not public is Hidden, also where the installation
	// could see it.
	Run(ctx context.Context, id provenance.Identity) policy.Run
	// Commit looks up where a commit of a public repository ("https://github.com/o/r")
	// stands.
	Commit(ctx context.Context, repository, sha string) policy.Commit
	// Malware looks for advisories of type malware that name the releases.
	Malware(ctx context.Context, releases []dep.Package) (map[dep.Package][]policy.Advisory, policy.Inquiry)
	// Fixes looks for reviewed advisories that a replaced version is affected by and
	// whose first fixed version is exactly the release that replaces it. What could not
	// be found out is left out: it only ever exempts.
	Fixes(ctx context.Context, updates []Update) map[dep.Package][]policy.Advisory
}

// Update is a release and a version that it replaces.
type Update struct {
	Release dep.Package
	From    string // version
}

// consult asks the hub what it knows of the subjects, within its budget.
func (r *Reviewer) consult(ctx context.Context, hub Hub, in *policy.Input) {}
