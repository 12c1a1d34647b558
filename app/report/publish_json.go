package report

import (
	_ "embed"
	"io"

	"github.com/bonafide-app/bonafide/app/publish"
)

// PublishJSONSchema is the JSON Schema of what PublishJSON writes.
//
//go:embed schema/bonafide.publish.v1.schema.json
var PublishJSONSchema []byte

// PublishSchema names the form of PublishJSON.
const PublishSchema = "bonafide.publish/v1"

type jsonPublishDocument struct {
	Schema        string                       `json:"schema"`
	Conclusion    string                       `json:"conclusion"`
	Repository    string                       `json:"repository,omitempty"`
	Private       *bool                        `json:"private,omitempty"`
	DefaultBranch string                       `json:"default_branch,omitempty"`
	Ways          jsonList[jsonWay]            `json:"ways"`
	Findings      jsonList[jsonPublishFinding] `json:"findings"`
	Unread        jsonList[jsonUnread]         `json:"unread,omitempty"`
	Mended        jsonList[string]             `json:"mended,omitempty"`
}

type jsonWay struct {
	Registry   string           `json:"registry"`
	Tool       string           `json:"tool"`
	File       string           `json:"file"`
	Line       int              `json:"line,omitempty"`
	Workflow   string           `json:"workflow,omitempty"`
	Job        string           `json:"job,omitempty"`
	Step       string           `json:"step,omitempty"`
	Packages   jsonList[string] `json:"packages,omitempty"`
	Provenance string           `json:"provenance"`
	Trusted    string           `json:"trusted"`
	Why        jsonList[string] `json:"why,omitempty"`
}

type jsonPublishFinding struct {
	Rule     string             `json:"rule"`
	Severity string             `json:"severity"`
	File     string             `json:"file,omitempty"`
	Line     int                `json:"line,omitempty"`
	EndLine  int                `json:"end_line,omitempty"`
	Message  string             `json:"message"`
	Why      string             `json:"why,omitempty"`
	Help     string             `json:"help,omitempty"`
	Source   string             `json:"source,omitempty"`
	Edits    jsonList[jsonEdit] `json:"edits,omitempty"`
}

type jsonEdit struct {
	File  string           `json:"file"`
	From  int              `json:"from"`
	To    int              `json:"to"`
	Lines jsonList[string] `json:"lines"`
}

type jsonUnread struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Reason string `json:"reason"`
}

// PublishJSON writes how a repository publishes, as JSON does a report: the form is a
// contract.
func PublishJSON(w io.Writer, p Publish) error {
	out := jsonPublishDocument{
		Schema: PublishSchema, Conclusion: string(p.Conclusion()), Repository: p.Facts.Repository, Private: p.Facts.Private, DefaultBranch: p.Facts.DefaultBranch,
		Ways: jsonList[jsonWay]{}, Findings: jsonList[jsonPublishFinding]{}, Mended: p.Mended,
	}
	for _, x := range p.Ways {
		out.Ways = append(out.Ways, jsonWay{x.Registry, x.Tool, x.File, x.Line, x.Workflow, x.Job, x.Step, x.Packages, string(x.Provenance), string(x.Trusted), x.Why})
	}
	for _, f := range p.Findings {
		out.Findings = append(out.Findings, publishFindingOf(f))
	}
	for _, u := range p.Unread {
		out.Unread = append(out.Unread, jsonUnread{u.File, u.Line, u.Reason})
	}
	return writeDocument(w, out, "  ")
}

func publishFindingOf(f publish.Finding) jsonPublishFinding {
	out := jsonPublishFinding{Rule: f.Rule, Severity: string(f.Severity), File: f.File, Line: f.Line, EndLine: f.EndLine, Message: f.Message, Why: f.Why, Help: f.Help, Source: f.Source}
	for _, e := range f.Edits {
		lines := jsonList[string]{}
		out.Edits = append(out.Edits, jsonEdit{e.File, e.From, e.To, append(lines, e.Lines...)})
	}
	return out
}
