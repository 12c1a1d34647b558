package publish

import "strings"

// setEnv gives a step a variable.
func (s *step) setEnv(key, value string) []Edit {
	if s.Flow || s.Shared {
		return nil
	}
	// Behind what is run or used, where most people write it.
	after := s.Uses.End
	if s.Run.stated() {
		after = s.Run.End
	}
	return s.sheet().setMember(s.Env, "env", key, value, after, s.Column)
}

// moveEnv moves a variable from the whole job to the steps that need it.
func (j *job) moveEnv(key string, to []*step) []Edit {
	sheet := j.workflow.sheet()
	m := keyLine(key).FindStringSubmatch(sheet.line(j.Env.get(key).Line))
	edits := sheet.dropMember(j.Env, "env", key)
	if m == nil || edits == nil || j.Env.get(key).Line != j.Env.get(key).End || m[2] == "" || strings.ContainsAny(m[2][:1], "&*!|>") {
		return nil
	}
	for _, s := range to {
		if s.job != j {
			return nil
		}
		if s.Env.get(key).stated() {
			continue // the step has its own
		}
		set := s.setEnv(key, m[2])
		if set == nil {
			return nil
		}
		edits = append(edits, set...)
	}
	return edits
}
