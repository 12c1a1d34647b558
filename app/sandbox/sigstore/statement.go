package sigstore

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/dep"
)

// Predicate types that npm knows.
const (
	PredicatePublish = "https://github.com/npm/attestation/tree/main/specs/publish/v0.1"
	PredicateSLSA02  = "https://slsa.dev/provenance/v0.2"
	PredicateSLSA1   = "https://slsa.dev/provenance/v1"
)

const (
	statementV01 = "https://in-toto.io/Statement/v0.1"
	statementV1  = "https://in-toto.io/Statement/v1"
)

// Subject is what a statement speaks of.
type Subject struct {
	Name   string // package URL
	Digest dep.Digest
}

// SubjectOf is the subject that npm writes for a package.
func SubjectOf(p dep.Package, d dep.Digest) Subject { return Subject{p.PURL(), d} }

// object is a JSON object whose keys are only written, never read.
type object = map[string]any

// statement is an in-toto statement.
// https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
type statement struct {
	Type          string        `json:"_type"`
	Subject       []subjectJSON `json:"subject"`
	PredicateType string        `json:"predicateType"`
	Predicate     object        `json:"predicate"`
}

type subjectJSON struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

func newStatement(kind, predicateType string, subjects []Subject, predicate object) statement {
	s := statement{Type: kind, Subject: []subjectJSON{}, PredicateType: predicateType, Predicate: predicate}
	for _, subject := range subjects {
		s.Subject = append(s.Subject, subjectJSON{
			subject.Name, map[string]string{subject.Digest.Algorithm: subject.Digest.Hex}})
	}
	return s
}

// slsa1 is the predicate that npm writes on GitHub Actions.
// https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1
func slsa1(b Build) object {
	return object{
		"buildDefinition": object{
			"buildType": "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1",
			"externalParameters": object{"workflow": object{
				"ref": b.Ref, "repository": b.repositoryURL(), "path": b.Workflow,
			}},
			"internalParameters": object{"github": object{
				"event_name": b.Trigger, "repository_id": b.RepositoryID, "repository_owner_id": b.OwnerID,
			}},
			"resolvedDependencies": []object{{
				"uri":    "git+" + b.repositoryURL() + "@" + b.Ref,
				"digest": object{"gitCommit": b.Commit},
			}},
		},
		"runDetails": object{
			"builder":  object{"id": "https://github.com/actions/runner/" + b.Runner},
			"metadata": object{"invocationId": b.run()},
		},
	}
}

// slsa1Attest is the predicate that GitHub's attest actions write.
// https://actions.github.io/buildtypes/workflow/v1
func slsa1Attest(b Build) object {
	return object{
		"buildDefinition": object{
			"buildType": "https://actions.github.io/buildtypes/workflow/v1",
			"externalParameters": object{"workflow": object{
				"ref": b.Ref, "repository": b.repositoryURL(), "path": b.Workflow,
			}},
			"internalParameters": object{"github": object{
				"event_name": b.Trigger, "repository_id": b.RepositoryID, "repository_owner_id": b.OwnerID, "runner_environment": b.Runner,
			}},
			"resolvedDependencies": []object{{
				"uri":    "git+" + b.repositoryURL() + "@" + b.Ref,
				"digest": object{"gitCommit": b.Commit},
			}},
		},
		"runDetails": object{
			"builder":  object{"id": github + b.SignerWorkflow},
			"metadata": object{"invocationId": b.run()},
		},
	}
}

// slsa02 is the predicate that npm wrote on GitHub Actions until the middle of 2023.
func slsa02(b Build) object {
	source := "git+" + b.repositoryURL() + "@" + b.Ref
	return object{
		"buildType": "https://github.com/npm/cli/gha/v2",
		"builder":   object{"id": "https://github.com/actions/runner"},
		"invocation": object{
			"configSource": object{
				"uri": source, "digest": object{"sha1": b.Commit}, "entryPoint": b.Workflow,
			},
			"parameters": object{},
			"environment": object{
				"GITHUB_EVENT_NAME":          b.Trigger,
				"GITHUB_REF":                 b.Ref,
				"GITHUB_REPOSITORY":          b.Repository,
				"GITHUB_REPOSITORY_ID":       b.RepositoryID,
				"GITHUB_REPOSITORY_OWNER_ID": b.OwnerID,
				"GITHUB_RUN_ATTEMPT":         fmt.Sprint(b.Attempt),
				"GITHUB_RUN_ID":              fmt.Sprint(b.RunID),
				"GITHUB_SHA":                 b.Commit,
				"GITHUB_WORKFLOW_REF":        b.workflowAtRef(),
				"GITHUB_WORKFLOW_SHA":        b.Commit,
			},
		},
		"metadata": object{
			"buildInvocationId": fmt.Sprintf("%d-%d", b.RunID, b.Attempt),
			"completeness":      object{"parameters": false, "environment": false, "materials": false},
			"reproducible":      false,
		},
		"materials": []object{{"uri": source, "digest": object{"sha1": b.Commit}}},
	}
}
