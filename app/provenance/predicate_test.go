package provenance

import (
	"strings"
	"testing"

	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
)

const (
	testCommit   = "0123456789012345678901234567890123456789"
	testWorkflow = "https://github.com/acme/web/.github/workflows/release.yml@refs/tags/v1.2.3"
)

// githubCertificate is what Fulcio writes today for a GitHub Actions job.
func githubCertificate() certificate.Summary {
	return certificate.Summary{SubjectAlternativeName: testWorkflow, Extensions: certificate.Extensions{
		Issuer: issuerGitHub, GithubWorkflowTrigger: "push", GithubWorkflowSHA: testCommit, GithubWorkflowName: "Release",
		GithubWorkflowRepository: "acme/web", GithubWorkflowRef: "refs/tags/v1.2.3", BuildSignerURI: testWorkflow, BuildSignerDigest: testCommit,
		RunnerEnvironment: "github-hosted", SourceRepositoryURI: "https://github.com/acme/web", SourceRepositoryDigest: testCommit,
		SourceRepositoryRef: "refs/tags/v1.2.3", SourceRepositoryIdentifier: "11", SourceRepositoryOwnerURI: "https://github.com/acme",
		SourceRepositoryOwnerIdentifier: "22", BuildConfigURI: testWorkflow, BuildConfigDigest: testCommit, BuildTrigger: "push",
		RunInvocationURI: "https://github.com/acme/web/actions/runs/33/attempts/4", SourceRepositoryVisibilityAtSigning: "public",
	}}
}

// legacyCertificate has the extensions of before April 2023 alone.
func legacyCertificate() certificate.Summary {
	return certificate.Summary{SubjectAlternativeName: testWorkflow, Extensions: certificate.Extensions{
		Issuer: issuerGitHub, GithubWorkflowTrigger: "push", GithubWorkflowSHA: testCommit, GithubWorkflowName: "Release",
		GithubWorkflowRepository: "acme/web", GithubWorkflowRef: "refs/tags/v1.2.3",
	}}
}

// sharedCertificate is of a job whose steps are a shared workflow of another repository.
func sharedCertificate(signer string) certificate.Summary {
	c := githubCertificate()
	c.SubjectAlternativeName, c.BuildSignerURI = signer, signer
	return c
}

func gitlabCertificate() certificate.Summary {
	const config = "https://gitlab.com/acme/web//.gitlab-ci.yml@refs/heads/main"
	return certificate.Summary{SubjectAlternativeName: config, Extensions: certificate.Extensions{
		Issuer: issuerGitLab, RunnerEnvironment: "gitlab-hosted", SourceRepositoryURI: "https://gitlab.com/acme/web",
		SourceRepositoryDigest: testCommit, SourceRepositoryRef: "refs/heads/main", SourceRepositoryIdentifier: "11",
		SourceRepositoryOwnerIdentifier: "22", BuildConfigURI: config, BuildTrigger: "push",
		RunInvocationURI: "https://gitlab.com/acme/web/-/jobs/33",
	}}
}

const (
	predicateWorkflow1 = `{"buildDefinition":{"buildType":"https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1",
		"externalParameters":{"workflow":{"ref":"refs/tags/v1.2.3","repository":"https://github.com/acme/web","path":".github/workflows/release.yml"}},
		"internalParameters":{"github":{"event_name":"push","repository_id":"11","repository_owner_id":"22"}},
		"resolvedDependencies":[{"uri":"git+https://github.com/acme/web@refs/tags/v1.2.3","digest":{"gitCommit":"` + testCommit + `"}}]},
		"runDetails":{"builder":{"id":"https://github.com/actions/runner/github-hosted"},
		"metadata":{"invocationId":"https://github.com/acme/web/actions/runs/33/attempts/4"}}}`
	predicateAttest1 = `{"buildDefinition":{"buildType":"https://actions.github.io/buildtypes/workflow/v1",
		"externalParameters":{"workflow":{"ref":"refs/tags/v1.2.3","repository":"https://github.com/acme/web","path":".github/workflows/release.yml"}},
		"internalParameters":{"github":{"event_name":"push","repository_id":"11","repository_owner_id":"22","runner_environment":"github-hosted"}},
		"resolvedDependencies":[{"uri":"git+https://github.com/acme/web@refs/tags/v1.2.3","digest":{"gitCommit":"` + testCommit + `"}}]},
		"runDetails":{"builder":{"id":"` + testWorkflow + `"},"metadata":{"invocationId":"https://github.com/acme/web/actions/runs/33/attempts/4"}}}`
	predicateGHA2 = `{"buildType":"https://github.com/npm/cli/gha/v2","builder":{"id":"https://github.com/actions/runner"},
		"invocation":{"configSource":{"uri":"git+https://github.com/acme/web@refs/tags/v1.2.3","digest":{"sha1":"` + testCommit + `"},"entryPoint":".github/workflows/release.yml"},
		"parameters":{},"environment":{"GITHUB_EVENT_NAME":"push","GITHUB_REF":"refs/tags/v1.2.3","GITHUB_REPOSITORY":"acme/web","GITHUB_REPOSITORY_ID":"11",
		"GITHUB_REPOSITORY_OWNER_ID":"22","GITHUB_RUN_ATTEMPT":"4","GITHUB_RUN_ID":"33","GITHUB_SHA":"` + testCommit + `","GITHUB_WORKFLOW_REF":"acme/web/.github/workflows/release.yml@refs/tags/v1.2.3"}},
		"metadata":{"buildInvocationId":"33-4"},
		"materials":[{"uri":"git+https://github.com/acme/web@refs/tags/v1.2.3","digest":{"sha1":"` + testCommit + `"}}]}`
	predicateGitLab = `{"buildType":"https://github.com/npm/cli/gitlab/v0alpha1","builder":{"id":"https://gitlab.com/acme/web/-/runners/7"},
		"invocation":{"configSource":{"uri":"git+https://gitlab.com/acme/web","digest":{"sha1":"` + testCommit + `"},"entryPoint":"publish"},
		"parameters":{"CI_COMMIT_REF_NAME":"main","CI_COMMIT_SHA":"` + testCommit + `","CI_CONFIG_PATH":".gitlab-ci.yml","CI_PIPELINE_SOURCE":"push","CI_PROJECT_ID":"11",
		"CI_PROJECT_NAMESPACE_ID":"22","CI_PROJECT_URL":"https://gitlab.com/acme/web","CI_JOB_URL":"https://gitlab.com/acme/web/-/jobs/33"},
		"environment":{"project":"acme/web","pipeline":{"id":"9","ref":".gitlab-ci.yml"}}},
		"metadata":{"buildInvocationId":"https://gitlab.com/acme/web/-/jobs/33"},
		"materials":[{"uri":"git+https://gitlab.com/acme/web","digest":{"sha1":"` + testCommit + `"}}]}`
)

func predicateGHA1() string {
	s := strings.Replace(predicateGHA2, buildNPM2, buildNPM1, 1)
	s = strings.Replace(s, `"https://github.com/actions/runner"`, `"https://github.com/npm/cli@9.5.0"`, 1)
	s = strings.Replace(s, `"entryPoint":"`, `"entryPoint":"acme/web/`, 1)
	return strings.Replace(s, `release.yml"}`, `release.yml@refs/tags/v1.2.3"}`, 1)
}

func predicateOfDelegator() string {
	s := strings.Replace(predicateGHA2, buildNPM2, buildDelegator, 1)
	return strings.Replace(s, `"https://github.com/actions/runner"`, `"`+generatorURL+`.github/workflows/builder_nodejs_slsa3.yml@refs/tags/v1.6.0"`, 1)
}

const delegator = generatorURL + ".github/workflows/delegator_lowperms-generic_slsa3.yml@refs/tags/v1.6.0"

func TestPredicatesThatAgreeWithTheCertificateHold(t *testing.T) {
	const shared = "https://github.com/acme/.github/.github/workflows/npm.yml@refs/tags/v2"
	for name, c := range map[string]struct {
		kind, predicate string
		certificate     certificate.Summary
	}{
		"workflow v1":                       {predicateSLSA1, predicateWorkflow1, githubCertificate()},
		"workflow v1, shared workflow":      {predicateSLSA1, predicateWorkflow1, sharedCertificate(shared)},
		"attest action":                     {predicateSLSA1, predicateAttest1, githubCertificate()},
		"attest action, shared workflow":    {predicateSLSA1, strings.Replace(predicateAttest1, `"id":"`+testWorkflow, `"id":"`+shared, 1), sharedCertificate(shared)},
		"gha/v2":                            {predicateSLSA02, predicateGHA2, githubCertificate()},
		"gha@v1":                            {predicateSLSA02, predicateGHA1(), githubCertificate()},
		"gha@v0, old certificate":           {predicateSLSA02, strings.Replace(predicateGHA1(), "gha@v1", "gha@v0", 1), legacyCertificate()},
		"delegator":                         {predicateSLSA02, predicateOfDelegator(), sharedCertificate(delegator)},
		"gitlab":                            {predicateSLSA02, predicateGitLab, gitlabCertificate()},
		"gitlab, pipeline of another place": {predicateSLSA02, strings.ReplaceAll(predicateGitLab, `".gitlab-ci.yml"`, `"ci.yml@acme/ci"`), gitlabCertificate()},
	} {
		t.Run(name, func(t *testing.T) {
			b, f := readBuild(attested{predicateType: c.kind, predicate: []byte(c.predicate), certificate: &c.certificate})
			if f != nil {
				t.Fatalf("%+v", f)
			}
			if b.identity.Commit != testCommit || b.identity.Signer != c.certificate.SubjectAlternativeName {
				t.Errorf("%+v", b.identity)
			}
		})
	}
}

func TestEveryDisagreementWithTheCertificateIsNamedWithBothValues(t *testing.T) {
	for _, c := range []struct{ name, kind, predicate, old, new, field string }{
		{"repository", predicateSLSA1, predicateWorkflow1, `"repository":"https://github.com/acme/web"`, `"repository":"https://github.com/evil/web"`, "repository"},
		{"ref", predicateSLSA1, predicateWorkflow1, `"ref":"refs/tags/v1.2.3"`, `"ref":"refs/tags/v9"`, "ref"},
		{"workflow", predicateSLSA1, predicateWorkflow1, "release.yml", "other.yml", "workflow"},
		{"commit", predicateSLSA1, predicateWorkflow1, testCommit, strings.Repeat("f", 40), "commit"},
		{"source repository", predicateSLSA1, predicateWorkflow1, "git+https://github.com/acme/web@", "git+https://github.com/evil/web@", "repository"},
		{"source ref", predicateSLSA1, predicateWorkflow1, "web@refs/tags/v1.2.3", "web@refs/tags/v9", "ref"},
		{"trigger", predicateSLSA1, predicateWorkflow1, `"push"`, `"pull_request_target"`, "trigger"},
		{"repository id", predicateSLSA1, predicateWorkflow1, `"11"`, `"12"`, "repository id"},
		{"owner id", predicateSLSA1, predicateWorkflow1, `"22"`, `"23"`, "owner id"},
		{"runner", predicateSLSA1, predicateWorkflow1, "runner/github-hosted", "runner/self-hosted", "runner"},
		{"run", predicateSLSA1, predicateWorkflow1, "attempts/4", "attempts/5", "run"},
		{"attest action's builder", predicateSLSA1, predicateAttest1, `"id":"` + testWorkflow, `"id":"https://github.com/evil/x/.github/workflows/y.yml@main`, "builder"},
		{"attest action's runner", predicateSLSA1, predicateAttest1, `"runner_environment":"github-hosted"`, `"runner_environment":"self-hosted"`, "runner"},

		{"v0.2 source", predicateSLSA02, predicateGHA2, `"uri":"git+https://github.com/acme/web@`, `"uri":"git+https://github.com/evil/web@`, "repository"},
		{"v0.2 commit", predicateSLSA02, predicateGHA2, `"digest":{"sha1":"0`, `"digest":{"sha1":"f`, "commit"},
		{"v0.2 entry point", predicateSLSA02, predicateGHA2, `"entryPoint":".github/workflows/release.yml"`, `"entryPoint":".github/workflows/x.yml"`, "workflow path"},
		{"v0.2 event", predicateSLSA02, predicateGHA2, `"push"`, `"schedule"`, "trigger"},
		{"v0.2 GITHUB_REF", predicateSLSA02, predicateGHA2, `"GITHUB_REF":"refs/tags/v1.2.3"`, `"GITHUB_REF":"refs/heads/main"`, "ref"},
		{"v0.2 GITHUB_REPOSITORY", predicateSLSA02, predicateGHA2, `"acme/web"`, `"evil/web"`, "repository"},
		{"v0.2 GITHUB_SHA", predicateSLSA02, predicateGHA2, `"GITHUB_SHA":"0`, `"GITHUB_SHA":"f`, "commit"},
		{"v0.2 GITHUB_WORKFLOW_REF", predicateSLSA02, predicateGHA2, `"acme/web/.github/workflows/release.yml@`, `"acme/web/.github/workflows/x.yml@`, "workflow"},
		{"v0.2 ids", predicateSLSA02, predicateGHA2, `"11"`, `"12"`, "repository id"},
		{"v0.2 run", predicateSLSA02, predicateGHA2, `"33-4"`, `"34-4"`, "run"},
		{"v0.2 GITHUB_RUN_ID", predicateSLSA02, predicateGHA2, `"GITHUB_RUN_ID":"33"`, `"GITHUB_RUN_ID":"34"`, "run"},
		{"gha@v1 entry point", predicateSLSA02, predicateGHA1(), `"entryPoint":"acme/web/.github/workflows/release.yml`, `"entryPoint":"acme/web/.github/workflows/x.yml`, "workflow"},

		{"gitlab project", predicateSLSA02, predicateGitLab, `"project":"acme/web"`, `"project":"evil/web"`, "repository"},
		{"gitlab runner of another project", predicateSLSA02, predicateGitLab, "https://gitlab.com/acme/web/-/runners/7", "https://gitlab.com/evil/web/-/runners/7", "repository"},
		{"gitlab ref", predicateSLSA02, predicateGitLab, `"main"`, `"dev"`, "ref name"},
		{"gitlab trigger", predicateSLSA02, predicateGitLab, `"push"`, `"web"`, "trigger"},
		{"gitlab job", predicateSLSA02, predicateGitLab, `"buildInvocationId":"https://gitlab.com/acme/web/-/jobs/33"`, `"buildInvocationId":"https://gitlab.com/acme/web/-/jobs/34"`, "run"},
		{"gitlab pipeline", predicateSLSA02, predicateGitLab, `"CI_CONFIG_PATH":".gitlab-ci.yml"`, `"CI_CONFIG_PATH":"x.yml"`, "workflow path"},
	} {
		t.Run(c.name, func(t *testing.T) {
			edited := strings.Replace(c.predicate, c.old, c.new, 1)
			if edited == c.predicate {
				t.Fatal("the edit changed nothing")
			}
			cert := githubCertificate()
			if strings.HasPrefix(c.name, "gitlab") {
				cert = gitlabCertificate()
			}
			_, f := readBuild(attested{predicateType: c.kind, predicate: []byte(edited), certificate: &cert})
			if f == nil || f.cause != causePredicate || f.unsupported || !strings.Contains(f.reason, "the "+c.field+" as ") || !strings.Contains(f.reason, "its certificate as") {
				t.Errorf("%+v, want the field %q", f, c.field)
			}
		})
	}
}

func TestPredicatesThatCannotBeHeldAgainstTheCertificate(t *testing.T) {
	github, gitlab, shared := githubCertificate(), gitlabCertificate(), sharedCertificate(delegator)
	edit := func(s, old, new string) string { return strings.Replace(s, old, new, 1) }
	for name, c := range map[string]struct {
		kind, predicate string
		certificate     certificate.Summary
		unsupported     bool
		reason          string
	}{
		"a draft":                     {predicateSLSA1 + ".0?draft", "{}", github, true, "draft"},
		"an unknown build type":       {predicateSLSA1, edit(predicateWorkflow1, buildWorkflow1, "https://example.test/build"), github, true, "example.test"},
		"an unknown v0.2 build type":  {predicateSLSA02, edit(predicateGHA2, buildNPM2, buildNPM2+"1"), github, true, "gha/v21"},
		"not JSON":                    {predicateSLSA1, "<html>", github, false, "not well-formed"},
		"no predicate":                {predicateSLSA1, "", github, false, "not well-formed"},
		"a number for a string":       {predicateSLSA1, edit(predicateWorkflow1, `"11"`, `11`), github, false, "not well-formed"},
		"a member twice":              {predicateSLSA1, edit(predicateWorkflow1, `"event_name":"push"`, `"event_name":"push","event_name":"x"`), github, false, "not well-formed"},
		"no repository":               {predicateSLSA1, edit(edit(predicateWorkflow1, `"repository":"https://github.com/acme/web",`, ""), "git+https://github.com/acme/web@refs/tags/v1.2.3", ""), github, false, "no repository"},
		"no commit":                   {predicateSLSA1, edit(predicateWorkflow1, "gitCommit", "sha512"), github, false, "no commit"},
		"no runner of GitHub":         {predicateSLSA1, edit(predicateWorkflow1, "https://github.com/actions/runner/", "https://example.test/runner/"), github, false, "runners"},
		"GitHub's, GitLab signed":     {predicateSLSA1, predicateWorkflow1, gitlab, false, "build service"},
		"GitLab's, GitHub signed":     {predicateSLSA02, predicateGitLab, github, false, ""},
		"run of another shape":        {predicateSLSA02, edit(predicateGHA2, `"33-4"`, `"33"`), github, false, "RUN-ATTEMPT"},
		"delegator of another ref":    {predicateSLSA02, edit(predicateOfDelegator(), "v1.6.0", "v1.7.0"), shared, false, "builder's repository and ref"},
		"delegator, signed elsewhere": {predicateSLSA02, predicateOfDelegator(), github, false, "builder's repository and ref"},
		"delegator's builder unknown": {predicateSLSA02, edit(predicateOfDelegator(), generatorURL+".github", "https://github.com/evil/x/.github"), shared, false, "SLSA generator"},
	} {
		t.Run(name, func(t *testing.T) {
			_, f := readBuild(attested{predicateType: c.kind, predicate: []byte(c.predicate), certificate: &c.certificate})
			if f == nil || f.unsupported != c.unsupported || !strings.Contains(f.reason, c.reason) {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestOldCertificatesAreComparedInWhatTheyState(t *testing.T) {
	cert := legacyCertificate()
	// Run and ids are not in the certificate: what the predicate says of them cannot be checked.
	edited := strings.Replace(predicateGHA2, `"11"`, `"12"`, 1)
	if _, f := readBuild(attested{predicateType: predicateSLSA02, predicate: []byte(edited), certificate: &cert}); f != nil {
		t.Errorf("%+v", f)
	}
	edited = strings.Replace(predicateGHA2, `"acme/web"`, `"evil/web"`, 1)
	if _, f := readBuild(attested{predicateType: predicateSLSA02, predicate: []byte(edited), certificate: &cert}); f == nil {
		t.Error("another repository was accepted")
	}
}

func TestIdentityIsReadFromTheCertificate(t *testing.T) {
	id, _, f := identify(githubCertificate())
	want := Identity{Issuer: issuerGitHub, Signer: testWorkflow, Repository: "https://github.com/acme/web", RepositoryID: "11", OwnerID: "22",
		Commit: testCommit, Ref: "refs/tags/v1.2.3", Workflow: ".github/workflows/release.yml", Trigger: "push", Runner: "github-hosted",
		Run: "https://github.com/acme/web/actions/runs/33/attempts/4", Visibility: "public"}
	if f != nil || id != want {
		t.Errorf("%+v %+v", id, f)
	}
	id, _, f = identify(legacyCertificate())
	want = Identity{Issuer: issuerGitHub, Signer: testWorkflow, Repository: "https://github.com/acme/web", Commit: testCommit,
		Ref: "refs/tags/v1.2.3", Workflow: ".github/workflows/release.yml", Trigger: "push"}
	if f != nil || id != want {
		t.Errorf("%+v %+v", id, f)
	}
	monorepo := githubCertificate()
	monorepo.SourceRepositoryRef = "refs/tags/@acme/web@1.2.3"
	monorepo.BuildConfigURI = "https://github.com/acme/web/.github/workflows/release.yml@" + monorepo.SourceRepositoryRef
	if id, _, f = identify(monorepo); f != nil || id.Workflow != ".github/workflows/release.yml" {
		t.Errorf("%+v %+v", id, f)
	}
	if id, _, f = identify(gitlabCertificate()); f != nil || id.Workflow != ".gitlab-ci.yml" || id.Repository != "https://gitlab.com/acme/web" {
		t.Errorf("%+v %+v", id, f)
	}
	circle := certificate.Summary{SubjectAlternativeName: "https://circleci.com/api/v2/projects/p/pipeline-definitions/d", Extensions: certificate.Extensions{
		Issuer: issuerCircleCI + "/org/o", RunnerEnvironment: `""`, SourceRepositoryURI: "https://github.com/acme/web", SourceRepositoryRef: "refs/heads/main"}}
	if id, _, f = identify(circle); f != nil || id.Runner != "" || id.Repository != "https://github.com/acme/web" {
		t.Errorf("%+v %+v", id, f)
	}
}

func TestOnlyKnownBuildServicesHaveAnIdentity(t *testing.T) {
	for issuer, want := range map[string]bool{
		issuerGitHub: true, issuerGitHub + "/acme-enterprise": true, issuerGitLab: true,
		issuerGitHub + "/": false, issuerGitHub + "/a/b": false, issuerGitHub + ".evil.test": false,
		"https://github.com/login/oauth": false, "https://accounts.google.com": false, "": false, issuerGitLab + "/x": false,
	} {
		c := githubCertificate()
		if strings.HasPrefix(issuer, issuerGitLab) {
			c = gitlabCertificate()
		}
		c.Issuer = issuer
		if _, _, f := identify(c); (f == nil) != want || (f != nil && f.cause != causeIdentity) {
			t.Errorf("%q: %+v", issuer, f)
		}
	}
	for name, spoil := range map[string]func(*certificate.Summary){
		"a person": func(c *certificate.Summary) {
			c.Issuer, c.SubjectAlternativeName = "https://github.com/login/oauth", "somebody@example.test"
		},
		"an e-mail address":      func(c *certificate.Summary) { c.SubjectAlternativeName = "somebody@example.test" },
		"no repository":          func(c *certificate.Summary) { c.SourceRepositoryURI, c.GithubWorkflowRepository = "", "" },
		"a repository elsewhere": func(c *certificate.Summary) { c.SourceRepositoryURI = "https://github.com.evil.test/acme/web" },
		"no commit":              func(c *certificate.Summary) { c.SourceRepositoryDigest, c.GithubWorkflowSHA = "", "" },
		"a field that is huge":   func(c *certificate.Summary) { c.BuildTrigger = strings.Repeat("x", maxIdentity+1) },
	} {
		c := githubCertificate()
		spoil(&c)
		if _, _, f := identify(c); f == nil || f.cause != causeIdentity {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func FuzzPredicate(f *testing.F) {
	for _, p := range []string{predicateWorkflow1, predicateAttest1} {
		f.Add(predicateSLSA1, []byte(p))
	}
	for _, p := range []string{predicateGHA2, predicateGHA1(), predicateOfDelegator(), predicateGitLab} {
		f.Add(predicateSLSA02, []byte(p))
	}
	_, stated, fault := identify(githubCertificate())
	if fault != nil {
		f.Fatal(fault.reason)
	}
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		claims, fault := readPredicate(kind, data)
		if fault != nil {
			if fault.reason == "" {
				t.Error("no reason")
			}
			return
		}
		if contradiction(claims, stated) != nil {
			return
		}
		for _, c := range claims {
			if (c.field == factRepository && c.value != "" && c.value != stated.repository) || (c.field == factCommit && c.value != "" && c.value != stated.commit) {
				t.Errorf("%q is accepted with %+v", data, c)
			}
		}
	})
}
