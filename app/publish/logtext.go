package publish

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// LogFinding is an error that a job's log tells of.
type LogFinding struct {
	Code   string   // "E404", "invalid-publisher", …; "" for an error without a code
	Line   int      // 1-based, in the log
	Text   string   // what the log says, without times and colours, up to maxLogText bytes
	Causes []string // the likeliest first, each with what to check; nil: nothing that this version knows
	Source string   // the documentation that says so, "" where nothing is known

	general bool // of the code alone: another finding of the code says more
	passing bool // it says nothing in a step that went well
}

// Known says whether this version knows the error.
func (f LogFinding) Known() bool { return len(f.Causes) > 0 }

// ErrLogTooLong says that a log is longer than MaxLogBytes; what stands before is read.
var ErrLogTooLong = errors.New("the log is too long to be read to its end")

// ReadLog finds the errors of publishing in the log of a job of GitHub Actions: as it is
// downloaded, as `gh run view --log` prints it, or copied from the page. They come in the
// order of the log, each once. Of errors that nothing is known of, npm's and those that a
// step ended with are named. With an error, what was found until then is given, too.
func ReadLog(r io.Reader) ([]LogFinding, error) {
	log := logReader{}
	lines := bufio.NewReaderSize(&atMost{r: r, left: MaxLogBytes}, MaxLogLine)
	for n := 1; ; n++ {
		line, err := readLine(lines)
		if line != "" || err == nil {
			log.read(n, line)
		}
		if err != nil {
			found := log.end()
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return found, err
		}
	}
}

// atMost fails with ErrLogTooLong after so many bytes.
type atMost struct {
	r    io.Reader
	left int64
}

func (a *atMost) Read(p []byte) (int, error) {
	if a.left == 0 {
		if n, err := io.ReadFull(a.r, p[:1]); n == 0 {
			return 0, err
		}
		return 0, fmt.Errorf("%w: only the first %d MiB of it were", ErrLogTooLong, MaxLogBytes>>20)
	}
	n, err := a.r.Read(p[:min(int64(len(p)), a.left)])
	a.left -= int64(n)
	return n, err
}

// readLine reads a line without its end, of a long one the beginning.
func readLine(r *bufio.Reader) (string, error) {
	line, more, err := r.ReadLine()
	text := string(line)
	for more && err == nil {
		_, more, err = r.ReadLine()
	}
	return text, err
}

// logReader is a log that is being read.
type logReader struct {
	found  []LogFinding
	held   []LogFinding // since the group of a step's own text began, which is no output
	inStep bool
	block  npmError
	failed LogFinding // the first step that ended with a status alone
	seen   evidence
	steps  bool // it shows where steps begin
	step   int  // how many findings there were when this one began
	wrong  bool // this one says that it failed
}

// npmError is an error that npm, or a tool that speaks for it, tells in several lines.
type npmError struct {
	code string
	line int
	text []string
}

var (
	// A line of a log that was downloaded begins with its time, one of gh with the names of
	// job and step before it.
	logTime = regexp.MustCompile(`^(?:[^\t]*\t[^\t]*\t)?\x{feff}?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z ?`)
	// Sequences that move, colour and title (ECMA-48: CSI and OSC).
	escapes = regexp.MustCompile(`\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])`)
	// What actions say in commands, as it is sent and as it is logged.
	logCommand = regexp.MustCompile(`^(?:##\[(\w+)\]|::(\w+)(?: [^:]*)?::)`)
	// Tools say whose error follows: npm before and after version 10, changesets, lerna,
	// semantic-release. What runs npm for several packages, or in a container, puts its own
	// words before it: turbo, pnpm, concurrently, docker.
	npmPrefix   = regexp.MustCompile(`^(?:\S+: |\S+ \S+: |\[[^\]]+\] |#\d+ [\d.]+ |[│|] +)?npm (?:ERR!|error)(?: |$)`)
	otherPrefix = regexp.MustCompile(`^(?:🦋\s+error |lerna(?:-lite)? ERR! |\[[0-9: APM]+\] \[semantic-release\](?: \[[^\]]+\])? › [✘✖×]\s+)\s*`)
	pnpmRefused = regexp.MustCompile(`^(?:\[E(\d{3})\] |.{0,60}Failed to (?:publish|stage) package \S+ \(status (\d{3}))`)
	// The code of an error: alone, with its message, and as a member of JSON.
	errorCode = regexp.MustCompile(`^(?:code )?(E[A-Z0-9_]{2,40}|[A-Z][A-Z_]{3,40}_ERROR)(?:$|[: ]\s*(.*)$)`)
	jsonCode  = regexp.MustCompile(`^(?:lerna(?:-lite)? \w+ +)?"?code"?: ["'](E[A-Z0-9_]{2,40}|[A-Z][A-Z_]{3,40}_ERROR)["'],?$`)
	nxRefused = regexp.MustCompile(`^(?:\d{3} )?(Not Found|Forbidden|Unauthorized|Unprocessable Entity|Conflict|Payment Required) - PUT https?://`)
	exitOnly  = regexp.MustCompile(`^(?:Error: )?Process completed with exit code \d+\.?$`)
)

// read takes the next line.
func (l *logReader) read(n int, raw string) {
	line := escapes.ReplaceAllString(logTime.ReplaceAllString(raw, ""), "")
	line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
	command := ""
	if m := logCommand.FindStringSubmatch(line); m != nil {
		command, line = m[1]+m[2], strings.TrimSpace(line[len(m[0]):])
	}
	l.seen.read(line)
	switch command {
	case "group":
		l.endBlock()
		l.keepHeld() // a group that was never ended
		if l.inStep = strings.HasPrefix(line, "Run "); l.inStep {
			l.endStep()
			l.steps = true
			l.seen.step()
		}
		return
	case "endgroup":
		l.endBlock()
		l.held, l.inStep = nil, false
		return
	case "debug", "command":
		command = ""
	}
	failed := command == "error" || exitOnly.MatchString(line) // the page shows no commands
	l.wrong = l.wrong || failed
	l.line(n, line, failed)
}

func (l *logReader) line(n int, line string, failed bool) {
	rest := otherPrefix.ReplaceAllString(line, "")
	tool := len(rest) < len(line) // it names the code in a line of its own
	npm := ""
	if strings.Contains(rest, "npm ERR!") || strings.Contains(rest, "npm error") { // the expression is slow
		npm = npmPrefix.FindString(rest)
	}
	said := strings.TrimSpace(rest[len(npm):])
	m := errorCode.FindStringSubmatch(said)
	switch {
	case m != nil && (npm != "" && strings.HasPrefix(said, "code ") || tool && npm == "" && m[1] != "ERROR"):
		l.endBlock()
		l.block = npmError{code: m[1], line: n, text: []string{m[2]}}
		return
	case l.block.code != "" && (npm != "" || tool):
		if len(l.block.text) < maxErrorLines {
			l.block.text = append(l.block.text, said)
		}
		return
	}
	l.endBlock()
	if m := jsonCode.FindStringSubmatch(line); m != nil {
		if k, ok := explainCode(m[1], ""); ok {
			l.add(k.finding(n, m[1], l.seen))
			return
		}
	}
	if k, ok := explainText(line); ok {
		l.add(k.finding(n, line, l.seen))
		return
	}
	if code := refusal(line); code != "" {
		if k, ok := explainCode(code, line); ok {
			l.add(k.finding(n, line, l.seen))
			return
		}
	}
	if !failed || line == "" {
		return
	}
	if f := (LogFinding{Line: n, Text: logText(line)}); !exitOnly.MatchString(line) {
		l.add(f)
	} else if l.failed.Line == 0 {
		l.failed = f
	}
}

// refusal is the code of a refusal that no npm names: pnpm 11 asks the registry itself, nx
// leaves npm's code away. "" for another line.
func refusal(line string) string {
	if !strings.HasPrefix(line, "[E") && !strings.Contains(line, "(status ") && !strings.Contains(line, " - PUT http") { // the expressions are slow
		return ""
	}
	if m := pnpmRefused.FindStringSubmatch(line); m != nil {
		return "E" + m[1] + m[2]
	}
	if m := nxRefused.FindStringSubmatch(line); m != nil {
		return map[string]string{"Not Found": "E404", "Forbidden": "E403", "Unauthorized": "E401", "Unprocessable Entity": "E422", "Conflict": "E409", "Payment Required": "E402"}[m[1]]
	}
	return ""
}

// endBlock explains npm's error, whose lines are all read.
func (l *logReader) endBlock() {
	b := l.block
	l.block = npmError{}
	if b.code == "" {
		return
	}
	var lines []string
	for _, s := range b.text { // npm begins them with the status, which is in the code
		s = strings.TrimSpace(strings.TrimPrefix(s, strings.TrimPrefix(b.code, "E")))
		if s != "" && !strings.HasPrefix(s, "A complete log of this run") {
			lines = append(lines, s)
		}
	}
	text := strings.Join(lines, " ")
	if k, ok := explainCode(b.code, text); ok {
		l.add(k.finding(b.line, strings.TrimSpace(b.code+" "+text), l.seen))
		return
	}
	l.add(LogFinding{Code: b.code, Line: b.line, Text: logText(b.code + " " + text)})
}

func (l *logReader) add(f LogFinding) {
	if l.inStep {
		if len(l.held) < MaxLogFindings {
			l.held = append(l.held, f)
		}
		return
	}
	same := func(other LogFinding) bool {
		return other.Code == f.Code && slices.Equal(other.Causes, f.Causes) && (f.Known() || other.Text == f.Text)
	}
	if len(l.found) < MaxLogFindings && !slices.ContainsFunc(l.found, same) {
		l.found = append(l.found, f)
	}
}

// endStep forgets what says nothing in a step that went well: scripts ask in vain whether a
// version is there before they publish it, and words may be those of a changelog. A tool's
// own error stays: a script may have gone on without having published.
func (l *logReader) endStep() {
	if l.steps && !l.wrong {
		went := slices.DeleteFunc(slices.Clone(l.found[l.step:]), func(f LogFinding) bool { return f.passing })
		l.found = append(l.found[:l.step], went...)
	}
	l.step, l.wrong = len(l.found), false
}

// keepHeld takes what stood in a group that was never ended: it may have been output.
func (l *logReader) keepHeld() {
	l.inStep = false
	for _, f := range l.held {
		l.add(f)
	}
	l.held = nil
}

// end is what was found. What an error in general may mean is left out where the log says
// more of the same one, and what nothing is known of where that is only its echo.
func (l *logReader) end() []LogFinding {
	l.endBlock()
	l.keepHeld()
	l.endStep()
	if len(l.found) == 0 && l.failed.Line > 0 {
		return []LogFinding{l.failed}
	}
	known := slices.ContainsFunc(l.found, LogFinding.Known)
	return slices.DeleteFunc(slices.Clone(l.found), func(f LogFinding) bool {
		if !f.Known() {
			return known && f.Code == ""
		}
		more := func(other LogFinding) bool { return other.Code == f.Code && !other.general }
		return f.general && slices.ContainsFunc(l.found, more)
	})
}

// logText cuts what a log says, between two characters.
func logText(s string) string {
	if len(s) <= maxLogText {
		return strings.ToValidUTF8(s, "\ufffd")
	}
	return strings.ToValidUTF8(strings.ToValidUTF8(s[:maxLogText], "")+"…", "\ufffd")
}
