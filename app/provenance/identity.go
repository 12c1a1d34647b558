package provenance

import (
	"strings"

	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
)

// The OIDC issuers of the build services that registries accept provenance from.
// GitHub gives an enterprise an issuer of its own below its address, CircleCI every
// organisation.
// https://github.com/sigstore/fulcio/blob/main/config/identity/config.yaml
const (
	issuerGitHub   = "https://token.actions.githubusercontent.com"
	issuerGitLab   = "https://gitlab.com"
	issuerCircleCI = "https://oidc.circleci.com"
)

// service is the build service behind an issuer, "" if it is none that is known.
func service(issuer string) string {
	below := func(base string) bool {
		slug, ok := strings.CutPrefix(issuer, base+"/")
		return ok && slug != "" && !strings.ContainsAny(slug, "/?#")
	}
	switch {
	case issuer == issuerGitHub || below(issuerGitHub):
		return issuerGitHub
	case issuer == issuerGitLab:
		return issuerGitLab
	case issuer == issuerCircleCI || below(issuerCircleCI+"/org"):
		return issuerCircleCI
	}
	return ""
}

// OfGitHub says whether GitHub Actions vouches for a builder: others may build the
// same repository, too, for whoever asks them to.
func (i Identity) OfGitHub() bool { return service(i.Issuer) == issuerGitHub }

// facts are what a certificate states of a build, in one shape for all services and
// for old and new certificates. "" is: not stated.
type facts struct {
	service      string // base issuer
	repository   string // URL
	ref          string
	commit       string
	workflow     string // URI@ref of the top-level workflow
	signer       string // URI@ref of the workflow that signed; another one with reusable workflows
	trigger      string
	runner       string
	repositoryID string
	ownerID      string
	run          string
}

// identify reads who built a release from the signing certificate. Only a build
// service known to us has an identity; a person's e-mail address has none.
//
// Certificates before April 2023 carry GitHub's own extensions 1 to 6 alone.
// https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
func identify(c certificate.Summary) (Identity, facts, *fault) {
	for _, s := range []string{c.Issuer, c.SubjectAlternativeName, c.GithubWorkflowTrigger, c.GithubWorkflowSHA, c.GithubWorkflowRepository,
		c.GithubWorkflowRef, c.RunnerEnvironment, c.SourceRepositoryURI, c.SourceRepositoryDigest, c.SourceRepositoryRef,
		c.SourceRepositoryIdentifier, c.SourceRepositoryOwnerIdentifier, c.BuildConfigURI, c.BuildTrigger, c.RunInvocationURI,
		c.SourceRepositoryVisibilityAtSigning} {
		if len(s) > maxIdentity {
			return Identity{}, facts{}, faultf(causeIdentity, "a field of its certificate has %d bytes, more than the %d that are read", len(s), maxIdentity)
		}
	}
	f := facts{
		service: service(c.Issuer), repository: c.SourceRepositoryURI, ref: c.SourceRepositoryRef, commit: c.SourceRepositoryDigest,
		workflow: c.BuildConfigURI, signer: c.SubjectAlternativeName, trigger: c.BuildTrigger, runner: c.RunnerEnvironment,
		repositoryID: c.SourceRepositoryIdentifier, ownerID: c.SourceRepositoryOwnerIdentifier, run: c.RunInvocationURI,
	}
	switch f.service {
	case "":
		return Identity{}, f, faultf(causeIdentity, "it was signed by %s, vouched for by %s, which is no build service that is known", quote(c.SubjectAlternativeName), quote(c.Issuer))
	case issuerGitHub:
		fillLegacy(&f, c)
		if !strings.HasPrefix(f.repository, "https://github.com/") || f.commit == "" {
			return Identity{}, f, faultf(causeIdentity, "its certificate names no repository and commit on github.com")
		}
	case issuerGitLab:
		if !strings.HasPrefix(f.repository, issuerGitLab+"/") || f.commit == "" {
			return Identity{}, f, faultf(causeIdentity, "its certificate names no repository and commit on gitlab.com")
		}
	case issuerCircleCI:
		if f.repository == "" {
			return Identity{}, f, faultf(causeIdentity, "its certificate names no repository")
		}
		f.runner = strings.Trim(f.runner, `"`) // Fulcio's template writes an empty one with its quotes
	}
	if !strings.HasPrefix(f.signer, "https://") {
		return Identity{}, f, faultf(causeIdentity, "it was signed by %s, which is no workflow", quote(f.signer))
	}
	return Identity{
		Issuer: c.Issuer, Signer: f.signer, Repository: f.repository, RepositoryID: f.repositoryID, OwnerID: f.ownerID,
		Commit: f.commit, Ref: f.ref, Workflow: workflowPath(f), Trigger: f.trigger, Runner: f.runner, Run: f.run,
		Visibility: c.SourceRepositoryVisibilityAtSigning,
	}, f, nil
}

// fillLegacy takes from GitHub's old extensions what the new ones do not state.
func fillLegacy(f *facts, c certificate.Summary) {
	fill := func(to *string, from string) {
		if *to == "" {
			*to = from
		}
	}
	if c.GithubWorkflowRepository != "" {
		fill(&f.repository, "https://github.com/"+c.GithubWorkflowRepository)
	}
	fill(&f.ref, c.GithubWorkflowRef)
	fill(&f.commit, c.GithubWorkflowSHA)
	fill(&f.trigger, c.GithubWorkflowTrigger)
	// Old certificates name only the workflow that signed. In the same repository it
	// is taken for the top-level one; elsewhere it is a shared workflow.
	if f.repository != "" && strings.HasPrefix(f.signer, f.repository+"/") {
		fill(&f.workflow, f.signer)
	}
}

// workflowPath is the top-level workflow's path in its repository:
// ".github/workflows/release.yml". A workflow of another repository stays a URI.
func workflowPath(f facts) string {
	path, inside := strings.CutPrefix(f.workflow, f.repository+"/")
	if !inside {
		return f.workflow
	}
	if file, _, ok := strings.Cut(path, "@refs/"); ok { // a ref may hold an @ itself: a tag of a package in a monorepo
		path = file
	} else if i := strings.LastIndexByte(path, '@'); i > 0 {
		path = path[:i]
	}
	return strings.TrimPrefix(path, "/") // GitLab divides by two slashes
}
