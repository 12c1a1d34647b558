package provenance

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The build types of npm provenance.
const (
	buildNPM0      = "https://github.com/npm/cli/gha@v0"
	buildNPM1      = "https://github.com/npm/cli/gha@v1"
	buildNPM2      = "https://github.com/npm/cli/gha/v2"
	buildDelegator = "https://github.com/slsa-framework/slsa-github-generator/delegator-generic@v0"
	buildGitLab    = "https://github.com/npm/cli/gitlab/v0alpha1"
	buildWorkflow1 = "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1" // npm since mid-2023
	buildAttest1   = "https://actions.github.io/buildtypes/workflow/v1"                       // GitHub's attest actions
)

const (
	githubURL    = "https://github.com/"
	runnerID     = "https://github.com/actions/runner"
	generatorURL = "https://github.com/slsa-framework/slsa-github-generator/"
)

// claim is one thing that a predicate says of the build.
type claim struct {
	field fact
	value string
}

// fact names a fact of a build, in the words of a report.
type fact string

const (
	factService      fact = "build service"
	factRepository   fact = "repository"
	factRef          fact = "ref"
	factRefName      fact = "ref name" // a ref without refs/heads/ or refs/tags/
	factCommit       fact = "commit"
	factWorkflow     fact = "workflow"      // URI@ref
	factWorkflowPath fact = "workflow path" // in the repository
	factSigner       fact = "builder"       // the workflow that signed, URI@ref
	factSignerHome   fact = "builder's repository and ref"
	factTrigger      fact = "trigger"
	factRunner       fact = "runner"
	factRepositoryID fact = "repository id"
	factOwnerID      fact = "owner id"
	factRun          fact = "run"
)

// certified is what the certificate says of a fact, "" if it does not state it.
func (f facts) certified(field fact) string {
	switch field {
	case factService:
		return f.service
	case factRepository:
		return f.repository
	case factRef:
		return f.ref
	case factRefName:
		name, _ := strings.CutPrefix(f.ref, "refs/heads/")
		name, _ = strings.CutPrefix(name, "refs/tags/")
		return name
	case factCommit:
		return f.commit
	case factWorkflow:
		return f.workflow
	case factWorkflowPath:
		return workflowPath(f)
	case factSigner:
		return f.signer
	case factSignerHome:
		return home(f.signer)
	case factTrigger:
		return f.trigger
	case factRunner:
		return f.runner
	case factRepositoryID:
		return f.repositoryID
	case factOwnerID:
		return f.ownerID
	case factRun:
		return f.run
	}
	return ""
}

// home is the repository and ref of a workflow's URI, without the workflow itself.
func home(workflow string) string {
	repository, _, _ := strings.Cut(workflow, "/.github/workflows/")
	ref := workflow[strings.LastIndexByte(workflow, '@')+1:]
	return repository + "@" + ref
}

// contradiction is the first claim that the certificate contradicts. The job writes
// its own predicate: the certificate is what counts, and a predicate that differs
// from it was copied or made up. What old certificates do not state is not compared.
func contradiction(claims []claim, f facts) *fault {
	for _, c := range claims {
		if c.value == "" {
			continue
		}
		if stated := f.certified(c.field); stated != "" && stated != c.value {
			return faultf(causePredicate, "it gives the %s as %s, its certificate as %s", c.field, quote(c.value), quote(stated))
		}
	}
	for _, needed := range []fact{factRepository, factCommit} {
		if !slices.ContainsFunc(claims, func(c claim) bool { return c.field == needed && c.value != "" }) {
			return faultf(causePredicate, "it names no %s", needed)
		}
	}
	return nil
}

// readPredicate lists what a provenance predicate claims. A build type that is not
// known is unsupported: there is nothing to hold against the certificate.
func readPredicate(predicateType string, raw []byte) ([]claim, *fault) {
	switch predicateType {
	case predicateSLSA02:
		return readSLSA02(raw)
	case predicateSLSA1:
		return readSLSA1(raw)
	}
	f := faultf(causePredicateType, "it is of the kind %s, which is not supported", quote(predicateType))
	f.unsupported = true
	return nil, f
}

func malformedPredicate() *fault {
	return faultf(causePredicate, "its predicate is not well-formed JSON of the expected shape")
}

func unsupportedBuild(buildType string) *fault {
	f := faultf(causePredicate, "its build type is %s, which is not supported", quote(buildType))
	f.unsupported = true
	return f
}

// slsa1 is https://slsa.dev/spec/v1.0/provenance as GitHub's workflows fill it.
type slsa1 struct {
	BuildDefinition struct {
		BuildType          string         `json:"buildType"`
		ExternalParameters jsontext.Value `json:"externalParameters"`
		InternalParameters jsontext.Value `json:"internalParameters"`
		Dependencies       []struct {
			URI    string            `json:"uri"`
			Digest map[string]string `json:"digest"`
		} `json:"resolvedDependencies"`
	} `json:"buildDefinition"`
	RunDetails struct {
		Builder struct {
			ID string `json:"id"`
		} `json:"builder"`
		Metadata struct {
			InvocationID string `json:"invocationId"`
		} `json:"metadata"`
	} `json:"runDetails"`
}

func readSLSA1(raw []byte) ([]claim, *fault) {
	var p slsa1
	if json.Unmarshal(raw, &p) != nil {
		return nil, malformedPredicate()
	}
	def, run := p.BuildDefinition, p.RunDetails
	if def.BuildType != buildWorkflow1 && def.BuildType != buildAttest1 {
		return nil, unsupportedBuild(def.BuildType)
	}
	var external struct {
		Workflow struct {
			Ref        string `json:"ref"`
			Repository string `json:"repository"`
			Path       string `json:"path"`
		} `json:"workflow"`
	}
	var internal struct {
		GitHub struct {
			EventName    string `json:"event_name"`
			RepositoryID string `json:"repository_id"`
			OwnerID      string `json:"repository_owner_id"`
			Runner       string `json:"runner_environment"`
		} `json:"github"`
	}
	if unmarshalPart(def.ExternalParameters, &external) != nil || unmarshalPart(def.InternalParameters, &internal) != nil {
		return nil, malformedPredicate()
	}
	w, g := external.Workflow, internal.GitHub
	claims := []claim{
		{factService, issuerGitHub},
		{factRepository, w.Repository}, {factRef, w.Ref}, {factWorkflow, workflowURI(w.Repository, w.Path, w.Ref)},
		{factTrigger, g.EventName}, {factRepositoryID, g.RepositoryID}, {factOwnerID, g.OwnerID}, {factRunner, g.Runner},
		{factRun, run.Metadata.InvocationID},
	}
	if len(def.Dependencies) > 0 {
		source := def.Dependencies[0]
		claims = append(claims, sourceClaims(source.URI)...)
		claims = append(claims, claim{factCommit, source.Digest["gitCommit"]})
	}
	if def.BuildType == buildAttest1 {
		return append(claims, claim{factSigner, run.Builder.ID}), nil
	}
	runner, ok := strings.CutPrefix(run.Builder.ID, runnerID+"/")
	if !ok {
		return nil, faultf(causePredicate, "it gives the builder as %s, which is none of GitHub's runners", quote(run.Builder.ID))
	}
	return append(claims, claim{factRunner, runner}), nil
}

// slsa02 is https://slsa.dev/spec/v0.2/provenance as npm and the OSSF builder fill it.
type slsa02 struct {
	BuildType string `json:"buildType"`
	Builder   struct {
		ID string `json:"id"`
	} `json:"builder"`
	Invocation struct {
		ConfigSource struct {
			URI        string            `json:"uri"`
			Digest     map[string]string `json:"digest"`
			EntryPoint string            `json:"entryPoint"`
		} `json:"configSource"`
		Parameters  jsontext.Value `json:"parameters"`
		Environment jsontext.Value `json:"environment"`
	} `json:"invocation"`
	Metadata struct {
		InvocationID string `json:"buildInvocationId"`
	} `json:"metadata"`
	Materials []struct {
		URI    string            `json:"uri"`
		Digest map[string]string `json:"digest"`
	} `json:"materials"`
}

func readSLSA02(raw []byte) ([]claim, *fault) {
	var p slsa02
	if json.Unmarshal(raw, &p) != nil {
		return nil, malformedPredicate()
	}
	source := p.Invocation.ConfigSource
	claims := append(sourceClaims(source.URI), claim{factCommit, source.Digest["sha1"]})
	if len(p.Materials) > 0 {
		claims = append(claims, sourceClaims(p.Materials[0].URI)...)
		claims = append(claims, claim{factCommit, p.Materials[0].Digest["sha1"]})
	}
	switch p.BuildType {
	case buildNPM0, buildNPM1, buildNPM2, buildDelegator:
		more, f := githubClaims(p)
		return append(claims, more...), f
	case buildGitLab:
		more, f := gitlabClaims(p)
		return append(claims, more...), f
	}
	return nil, unsupportedBuild(p.BuildType)
}

// githubClaims reads what a GitHub Actions job wrote into a v0.2 predicate.
func githubClaims(p slsa02) ([]claim, *fault) {
	var env struct {
		Event        string `json:"GITHUB_EVENT_NAME"`
		Ref          string `json:"GITHUB_REF"`
		Repository   string `json:"GITHUB_REPOSITORY"`
		RepositoryID string `json:"GITHUB_REPOSITORY_ID"`
		OwnerID      string `json:"GITHUB_REPOSITORY_OWNER_ID"`
		RunID        string `json:"GITHUB_RUN_ID"`
		RunAttempt   string `json:"GITHUB_RUN_ATTEMPT"`
		SHA          string `json:"GITHUB_SHA"`
		WorkflowRef  string `json:"GITHUB_WORKFLOW_REF"`
	}
	if unmarshalPart(p.Invocation.Environment, &env) != nil {
		return nil, malformedPredicate()
	}
	claims := []claim{
		{factService, issuerGitHub},
		{factRef, env.Ref}, {factCommit, env.SHA}, {factTrigger, env.Event},
		{factRepositoryID, env.RepositoryID}, {factOwnerID, env.OwnerID},
		{factRepository, prefixed(githubURL, env.Repository)}, {factWorkflow, prefixed(githubURL, env.WorkflowRef)},
	}
	repository, _, _ := strings.Cut(strings.TrimPrefix(p.Invocation.ConfigSource.URI, "git+"), "@")
	if id, attempt, ok := strings.Cut(p.Metadata.InvocationID, "-"); ok {
		claims = append(claims, claim{factRun, runURL(repository, id, attempt)})
	} else if p.Metadata.InvocationID != "" {
		return nil, faultf(causePredicate, "its run is given as %s, expected RUN-ATTEMPT", quote(p.Metadata.InvocationID))
	}
	if env.RunID != "" && env.RunAttempt != "" {
		claims = append(claims, claim{factRun, runURL(repository, env.RunID, env.RunAttempt)})
	}
	switch entry := p.Invocation.ConfigSource.EntryPoint; p.BuildType {
	case buildNPM0, buildNPM1: // the builder is a version of npm, the entry point OWNER/REPOSITORY/PATH@REF
		if !strings.HasPrefix(p.Builder.ID, "https://github.com/npm/cli@") {
			return nil, faultf(causePredicate, "it gives the builder as %s, which is no version of npm", quote(p.Builder.ID))
		}
		claims = append(claims, claim{factWorkflow, prefixed(githubURL, entry)})
	case buildNPM2:
		if p.Builder.ID != runnerID {
			runner, ok := strings.CutPrefix(p.Builder.ID, runnerID+"/")
			if !ok {
				return nil, faultf(causePredicate, "it gives the builder as %s, which is none of GitHub's runners", quote(p.Builder.ID))
			}
			claims = append(claims, claim{factRunner, runner})
		}
		claims = append(claims, claim{factWorkflowPath, entry})
	case buildDelegator:
		// The builder is a workflow of the generator; a delegator of the same
		// repository and ref signs for it.
		if !strings.HasPrefix(p.Builder.ID, generatorURL) {
			return nil, faultf(causePredicate, "it gives the builder as %s, which is none of the SLSA generator", quote(p.Builder.ID))
		}
		claims = append(claims, claim{factSignerHome, home(p.Builder.ID)}, claim{factWorkflowPath, entry})
	}
	return claims, nil
}

// gitlabClaims reads what a GitLab job wrote into a v0.2 predicate.
func gitlabClaims(p slsa02) ([]claim, *fault) {
	var parameters struct {
		RefName     string `json:"CI_COMMIT_REF_NAME"`
		Commit      string `json:"CI_COMMIT_SHA"`
		ConfigPath  string `json:"CI_CONFIG_PATH"`
		Source      string `json:"CI_PIPELINE_SOURCE"`
		ProjectID   string `json:"CI_PROJECT_ID"`
		NamespaceID string `json:"CI_PROJECT_NAMESPACE_ID"`
		ProjectURL  string `json:"CI_PROJECT_URL"`
		JobURL      string `json:"CI_JOB_URL"`
	}
	var env struct {
		Project  string `json:"project"`
		Pipeline struct {
			Ref string `json:"ref"`
		} `json:"pipeline"`
	}
	if unmarshalPart(p.Invocation.Parameters, &parameters) != nil || unmarshalPart(p.Invocation.Environment, &env) != nil {
		return nil, malformedPredicate()
	}
	claims := []claim{
		{factService, issuerGitLab},
		{factRefName, parameters.RefName}, {factCommit, parameters.Commit}, {factTrigger, parameters.Source},
		{factRepositoryID, parameters.ProjectID}, {factOwnerID, parameters.NamespaceID},
		{factRepository, parameters.ProjectURL}, {factRepository, prefixed(issuerGitLab+"/", env.Project)},
		{factRun, p.Metadata.InvocationID}, {factRun, parameters.JobURL},
	}
	// A pipeline may be defined elsewhere, by URL or as PATH@PROJECT: the
	// certificate then names that place.
	for _, path := range []string{parameters.ConfigPath, env.Pipeline.Ref} {
		if !strings.ContainsAny(path, "@:") {
			claims = append(claims, claim{factWorkflowPath, path})
		}
	}
	repository, ok := builderProject(p.Builder.ID)
	if !ok {
		return nil, faultf(causePredicate, "it gives the builder as %s, which is none of GitLab's runners", quote(p.Builder.ID))
	}
	return append(claims, claim{factRepository, repository}), nil
}

// builderProject is PROJECT of PROJECT/-/runners/ID.
func builderProject(id string) (string, bool) {
	project, runner, ok := strings.Cut(id, "/-/runners/")
	return project, ok && runner != ""
}

// sourceClaims reads git+URL or git+URL@REF.
func sourceClaims(uri string) []claim {
	if uri == "" {
		return nil
	}
	repository, ref, _ := strings.Cut(strings.TrimPrefix(uri, "git+"), "@")
	return []claim{{factRepository, repository}, {factRef, ref}}
}

func workflowURI(repository, path, ref string) string {
	if repository == "" || path == "" || ref == "" {
		return ""
	}
	return repository + "/" + path + "@" + ref
}

func runURL(repository, id, attempt string) string {
	return repository + "/actions/runs/" + id + "/attempts/" + attempt
}

// prefixed adds a prefix to what is there.
func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// unmarshalPart decodes a part that may be missing.
func unmarshalPart(raw jsontext.Value, into any) error {
	if len(raw) == 0 {
		return nil
	}
	return json.Unmarshal(raw, into)
}

// publishPredicate is what the registry's publish attestation says.
// https://github.com/npm/attestation/tree/main/specs/publish/v0.1
type publishPredicate struct {
	Name     string `json:"name"`
	Version  string `json:"version"`
	Registry string `json:"registry"`
}

func readPublish(raw []byte, name, version string) (publishPredicate, *fault) {
	var p publishPredicate
	if json.Unmarshal(raw, &p) != nil {
		return p, malformedPredicate()
	}
	if p.Name != name || p.Version != version {
		return p, faultf(causePredicate, "it records the publication of %s, not of %s", quote(p.Name+"@"+p.Version), quote(name+"@"+version))
	}
	return p, nil
}
