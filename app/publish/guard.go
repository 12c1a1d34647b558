package publish

import "strings"

// situation is what is known of a run: by lower-case name ("github.event_name"), its
// value. "" as a value is an empty one, "true" and "false" are no strings; a missing name
// is unknown.
type situation map[string]string

// pushed is a run for a push of that ref: "refs/heads/some-branch", "refs/tags/v1".
func pushed(ref string) situation {
	s := situation{"github.event_name": "push", "github.ref": ref, "github.base_ref": "", "github.head_ref": ""}
	kind, name := "branch", strings.TrimPrefix(ref, "refs/heads/")
	if strings.HasPrefix(ref, "refs/tags/") {
		kind, name = "tag", strings.TrimPrefix(ref, "refs/tags/")
	}
	s["github.ref_type"], s["github.ref_name"], s["github.event.ref"] = kind, name, ref
	return s
}

// holds says whether the condition holds in the situation. A condition that is not
// stated does (GitHub puts success() before it, which is no business of ours).
func (s situation) holds(condition text) Answer {
	if !condition.stated() || strings.TrimSpace(condition.Value) == "" {
		return Yes
	}
	c := strings.TrimSpace(condition.Value)
	if len(c) > maxCondition {
		return Depends
	}
	if inside, ok := sole(c); ok {
		c = inside
	} else if dynamic(c) {
		return Depends
	}
	p := &conditionParser{text: c, situation: s}
	v := p.or(0)
	if p.skip(); p.failed || p.at != len(p.text) {
		return Depends
	}
	return v.truth()
}

// operand is a value in a condition.
type operand struct {
	known bool
	text  string // as written; "true" and "false" for what is compared
	bare  bool   // a boolean, not a string
}

func boolean(b bool) operand {
	if b {
		return operand{true, "true", true}
	}
	return operand{true, "false", true}
}

// truth is that of the value: everything but false, 0, "" and null.
func (o operand) truth() Answer {
	switch {
	case !o.known:
		return Depends
	case o.text == "" || o.bare && (o.text == "false" || o.text == "0" || o.text == "null"):
		return No
	}
	return Yes
}

// conditionParser evaluates as it reads.
// https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
type conditionParser struct {
	text      string
	at        int
	situation situation
	failed    bool
}

func (p *conditionParser) skip() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

func (p *conditionParser) take(token string) bool {
	p.skip()
	if strings.HasPrefix(p.text[p.at:], token) {
		p.at += len(token)
		return true
	}
	return false
}

func (p *conditionParser) or(depth int) operand {
	v := p.and(depth)
	for p.take("||") {
		w := p.and(depth)
		switch {
		case v.truth() == Yes || w.truth() == No:
		case v.truth() == No:
			v = w
		case w.truth() == Yes:
			v = boolean(true)
		default:
			v = operand{}
		}
	}
	return v
}

func (p *conditionParser) and(depth int) operand {
	v := p.comparison(depth)
	for p.take("&&") {
		w := p.comparison(depth)
		switch {
		case v.truth() == No:
		case v.truth() == Yes:
			v = w
		case w.truth() == No:
			v = boolean(false)
		default:
			v = operand{}
		}
	}
	return v
}

func (p *conditionParser) comparison(depth int) operand {
	v := p.unary(depth)
	for {
		equal := p.take("==")
		if !equal && !p.take("!=") {
			if p.take("<=") || p.take(">=") || p.take("<") || p.take(">") {
				p.unary(depth)
				v = operand{}
				continue
			}
			return v
		}
		w := p.unary(depth)
		if !v.known || !w.known || v.bare != w.bare {
			v = operand{} // GitHub makes numbers of both where kinds differ
			continue
		}
		v = boolean(strings.EqualFold(v.text, w.text) == equal)
	}
}

func (p *conditionParser) unary(depth int) operand {
	if p.skip(); depth > maxDepth {
		p.failed = true
		return operand{}
	}
	if p.at < len(p.text) && p.text[p.at] == '!' && !strings.HasPrefix(p.text[p.at:], "!=") {
		p.at++
		switch p.unary(depth + 1).truth() {
		case Yes:
			return boolean(false)
		case No:
			return boolean(true)
		}
		return operand{}
	}
	return p.primary(depth)
}

func (p *conditionParser) primary(depth int) operand {
	p.skip()
	if p.at >= len(p.text) {
		p.failed = true
		return operand{}
	}
	switch c := p.text[p.at]; {
	case c == '(':
		p.at++
		v := p.or(depth + 1)
		if !p.take(")") {
			p.failed = true
		}
		return v
	case c == '\'':
		return p.literal()
	case nameByte(c):
	default:
		p.failed = true
		return operand{}
	}
	name, end := reference(p.text, p.at)
	p.at = end
	if p.take("(") {
		return p.call(strings.ToLower(name), depth)
	}
	if p.take("[") { // an index that is computed
		p.or(depth + 1)
		if !p.take("]") {
			p.failed = true
		}
		return operand{}
	}
	switch name = strings.ToLower(name); name {
	case "true", "false", "null":
		return operand{true, name, true}
	}
	if c := name[0]; c >= '0' && c <= '9' || c == '-' {
		return operand{true, name, true}
	}
	v, ok := p.situation[name]
	return operand{known: ok, text: v, bare: v == "true" || v == "false"}
}

// literal is a string; a quote in it is doubled.
func (p *conditionParser) literal() operand {
	var b strings.Builder
	for p.at++; p.at < len(p.text); p.at++ {
		if p.text[p.at] == '\'' {
			if p.at+1 >= len(p.text) || p.text[p.at+1] != '\'' {
				p.at++
				return operand{known: true, text: b.String()}
			}
			p.at++
		}
		b.WriteByte(p.text[p.at])
	}
	p.failed = true
	return operand{}
}

func (p *conditionParser) call(name string, depth int) operand {
	var args []operand
	for !p.take(")") {
		if len(args) > 0 && !p.take(",") || p.failed || p.at >= len(p.text) {
			p.failed = true
			return operand{}
		}
		args = append(args, p.or(depth+1))
	}
	switch name {
	case "always", "success":
		return boolean(true)
	case "failure", "cancelled":
		return boolean(false)
	}
	if len(args) != 2 || !args[0].known || !args[1].known {
		return operand{}
	}
	a, b := strings.ToLower(args[0].text), strings.ToLower(args[1].text)
	switch name {
	case "startswith":
		return boolean(strings.HasPrefix(a, b))
	case "endswith":
		return boolean(strings.HasSuffix(a, b))
	case "contains":
		return boolean(strings.Contains(a, b))
	}
	return operand{}
}

// conditions are all that must hold before the way publishes: of its steps, its job, the
// callers, and the jobs that these wait for.
func (w *way) conditions() []text {
	var list []text
	add := func(t text) {
		if t.stated() {
			list = append(list, t)
		}
	}
	if w.inner != nil {
		add(w.inner.If)
	}
	if w.step != nil && w.step != w.inner {
		add(w.step.If)
	}
	jobs := []*job{w.job}
	for _, c := range w.chain {
		if c.step == nil {
			jobs = append(jobs, c.job)
		}
	}
	for _, j := range jobs {
		for _, waited := range w.repository.waitsFor(j) {
			add(waited.If)
		}
	}
	return list
}

// waitsFor are the job and all whose skipping skips it. A job that runs `always()` waits
// for nobody's success.
func (r *repository) waitsFor(j *job) []*job {
	return once(&r.memo.waits, j, func() []*job {
		byID := once(&r.memo.jobs, j.workflow, func() map[string]*job {
			all := make(map[string]*job, len(j.workflow.Jobs))
			for _, other := range j.workflow.Jobs {
				all[other.ID] = other
			}
			return all
		})
		list := []*job{j}
		seen := map[*job]bool{j: true}
		for i := 0; i < len(list); i++ {
			if c := strings.ToLower(list[i].If.Value); strings.Contains(c, "always()") || strings.Contains(c, "cancelled()") || strings.Contains(c, "failure()") {
				continue
			}
			for _, need := range list[i].Needs {
				if other := byID[need.Value]; other != nil && !seen[other] && len(list) < maxConditions {
					seen[other] = true
					list = append(list, other)
				}
			}
		}
		return list
	})
}

// weightOfConditions is about the work of evaluating those of a job, in bytes.
func (r *repository) weightOfConditions(j *job) int {
	n := 0
	for _, waited := range r.waitsFor(j) {
		n += 16 + 4*min(len(waited.If.Value), maxCondition)
	}
	return n
}

// reached says whether the way publishes in the situation: no where one condition
// rules it out; depends, with the condition, where one names what decides and its
// outcome is not known.
func (w *way) reached(s situation, decides ...string) (Answer, text) {
	answer, by := Yes, text{}
	for _, c := range w.conditions() {
		switch s.holds(c) {
		case No:
			return No, c
		case Depends:
			if answer == Yes && mentions(c.Value, decides) {
				answer, by = Depends, c
			}
		}
	}
	return answer, by
}

// mentions says whether a condition names one of these: "github.ref" or what begins so.
func mentions(condition string, names []string) bool {
	for _, ref := range conditionReferences(condition) {
		for _, n := range names {
			if strings.HasPrefix(strings.ToLower(ref), n) {
				return true
			}
		}
	}
	return false
}
