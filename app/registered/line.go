package registered

import "strconv"

// State is how a line came out.
type State string

// The states.
const (
	OK   State = "ok"
	Warn State = "warn"
	Fail State = "fail"
)

// Line is the answer to one question about the App.
type Line struct {
	Subject string `json:"subject"` // "permissions", "acme/web"
	State   State  `json:"state"`
	Says    string `json:"says"`         // what is so, a sentence or two
	Do      string `json:"do,omitempty"` // what to change; "" where nothing is to be done
	At      string `json:"at,omitempty"` // the page where it is changed
}

// Worst is the state of the whole: ok of no lines.
func Worst(lines []Line) State {
	worst := OK
	for _, l := range lines {
		if l.State == Fail || worst == OK {
			worst = l.State
		}
	}
	return worst
}

func fine(subject, says string) Line { return Line{Subject: subject, State: OK, Says: says} }

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
