package report

import (
	"cmp"
	_ "embed"
	"fmt"
	"io"
	"strings"

	"github.com/bonafide-app/bonafide/app/publish"
)

// PublishLogJSONSchema is the JSON Schema of what PublishLogJSON writes.
//
//go:embed schema/bonafide.publish-log.v1.schema.json
var PublishLogJSONSchema []byte

// PublishLogSchema names the form of PublishLogJSON.
const PublishLogSchema = "bonafide.publish-log/v1"

// PublishLogTable writes what a job's log tells of, for a terminal.
func PublishLogTable(w io.Writer, found []publish.LogFinding, o TableOptions) error {
	t := terminal{width: o.Width, color: o.Color}
	known := 0
	for _, f := range found {
		word := cmp.Or(termName(f.Code), "error")
		t.headed(word, bad, fmt.Sprintf("  line %d of the log", f.Line))
		t.wrapped(Terminal(f.Text), "    ")
		if !f.Known() {
			t.wrapped("This version does not know this error.", "    ")
			t.WriteString("\n")
			continue
		}
		known++
		t.wrapped("Likely causes, the likeliest first, and what to check:", "    ")
		for i, cause := range f.Causes {
			number := fmt.Sprintf("%7d. ", i+1)
			indent := strings.Repeat(" ", len(number))
			t.WriteString(number + strings.TrimPrefix(t.wrap(Terminal(cause), indent), indent))
		}
		t.line("    See " + Terminal(f.Source)) // whole, to be followed
		t.WriteString("\n")
	}
	if known < len(found) {
		t.paragraph("What is not known: the lines before it in the log may say more. Where npm publishes, set NPM_CONFIG_LOGLEVEL: verbose in the step's env and run the job again: it then says what the registry and GitHub answered.")
	}
	switch {
	case known > 0:
		t.headed("explained", hint, fmt.Sprintf(": %s of %s", number(known), count(len(found), "error")))
	case len(found) > 0:
		t.headed("not explained", doubt, ": "+count(len(found), "error")+", none of which this version knows")
	default:
		t.headed("nothing", good, " in the log is an error of publishing, and no step says that it failed")
	}
	if _, err := io.WriteString(w, t.String()); err != nil {
		return fmt.Errorf("write what the log tells of: %w", err)
	}
	return nil
}

type jsonLogDocument struct {
	Schema string                   `json:"schema"`
	Errors jsonList[jsonLogFinding] `json:"errors"`
}

type jsonLogFinding struct {
	Code   string           `json:"code,omitempty"`
	Line   int              `json:"line"`
	Text   string           `json:"text"`
	Causes jsonList[string] `json:"causes,omitempty"`
	Source string           `json:"source,omitempty"`
}

// PublishLogJSON writes what a job's log tells of, as JSON does a report: the form is a
// contract.
func PublishLogJSON(w io.Writer, found []publish.LogFinding) error {
	out := jsonLogDocument{Schema: PublishLogSchema, Errors: jsonList[jsonLogFinding]{}}
	for _, f := range found {
		out.Errors = append(out.Errors, jsonLogFinding{f.Code, f.Line, f.Text, f.Causes, f.Source})
	}
	return writeDocument(w, out, "  ")
}
