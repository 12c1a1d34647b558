package report

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
)

// The levels of annotations, in GitHub's words.
const (
	LevelFailure = "failure"
	LevelWarning = "warning"
	LevelNotice  = "notice"
)

// Annotation is a remark at one line of a file. Title and message are plain text.
type Annotation struct {
	Path               string // as git states it: GitHub has to find the file
	StartLine, EndLine int    // equal, 1-based
	Level              string
	Title              string // at most MaxAnnotationTitle characters
	Message            string // at most MaxAnnotationBytes bytes
}

// Batches cuts annotations into requests of at most size, GitHub's limit being
// AnnotationsPerRequest.
func Batches(annotations []Annotation, size int) [][]Annotation {
	return slices.Collect(slices.Chunk(annotations, max(size, 1)))
}

// annotate makes the annotations of all findings that are about a file, the most
// important first, each once however many sections have it. left is how many are
// over MaxAnnotations.
func annotate(sections []Section) (out []Annotation, left int) {
	weight := make(map[Annotation]int)
	for _, s := range sections {
		for _, f := range s.Report.Findings {
			if f.Lockfile == "" {
				continue
			}
			a := annotation(f, s.Report)
			if weight[a] == 0 {
				out = append(out, a)
			}
			weight[a] = max(weight[a], gravity(f))
		}
	}
	slices.SortStableFunc(out, func(a, b Annotation) int {
		return cmp.Or(cmp.Compare(levelRank(a.Level), levelRank(b.Level)), weight[b]-weight[a])
	})
	if len(out) > MaxAnnotations {
		out, left = out[:MaxAnnotations], len(out)-MaxAnnotations
	}
	return out, left
}

func annotation(f policy.Finding, r Report) Annotation {
	name := Plain(string(f.Rule))
	if f.Package != (dep.Package{}) {
		name += ": " + Plain(f.Package.ID())
	}
	message := Plain(clip(cmp.Or(f.Message, "No reason was recorded."), MaxSentenceChars))
	if f.Why != "" {
		message += "\n\nWhy it matters: " + Plain(clip(f.Why, MaxWhyChars))
	}
	if todo := strings.TrimLeft(Plain(clip(f.Help, MaxSentenceChars))+" "+betterOf(f, plainName), " "); todo != "" {
		message += "\n\nWhat to do: " + strings.TrimRight(todo, " ")
	}
	if f.Benign != "" {
		message += "\n\nBenign causes: " + Plain(clip(f.Benign, MaxSentenceChars))
	}
	if r.Demo {
		message += "\n\n" + demoNote
	}
	if !namesAll(f) {
		head := "\n\nThe " + count(f.Count, "package") + ":\n"
		if room := MaxAnnotationBytes - len(message) - len(head); room > minListed {
			message += head + namesOf(f, "\n", room, plainName)
		}
	}
	line := max(f.Line, 1) // a file as a whole is marked at its first line
	return Annotation{
		Path: f.Lockfile, StartLine: line, EndLine: line, Level: levelOf(f, r),
		Title: clip(name, MaxAnnotationTitle), Message: clipBytes(message, MaxAnnotationBytes),
	}
}

// plainName is a name, a version or a path from outside in plain text, not too long.
func plainName(s string) string { return Plain(clip(s, MaxNameChars)) }

// levelOf never marks as a failure what did not make the check fail.
func levelOf(f policy.Finding, r Report) string {
	passes := r.Conclusion == policy.Success || r.Conclusion == policy.Neutral
	switch {
	case (f.Unknown || f.Severity == policy.Error) && !passes:
		return LevelFailure
	case f.Unknown || f.Severity == policy.Error || f.Severity == policy.Warning:
		return LevelWarning
	}
	return LevelNotice
}

func levelRank(level string) int {
	switch level {
	case LevelFailure:
		return 0
	case LevelWarning:
		return 1
	}
	return 2
}

// clipBytes cuts s to n bytes at a character's edge; what was cut ends in "…".
func clipBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	end := n - len("…")
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return strings.TrimRight(s[:end], " \n") + "…"
}
