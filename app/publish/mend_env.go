package publish

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

// moveEnv moves a variable from the whole job to the one step that needs it.
func (j *job) moveEnv(key string, to *step) []Edit {
	for _, v := range j.Env.Settings {
		if v.Name != key || v.Line != v.End || to.job != j {
			continue
		}
		sheet := j.workflow.sheet()
		m := keyLine(key).FindStringSubmatch(sheet.line(v.Line))
		if m == nil {
			return nil
		}
		for _, own := range to.Env.Settings {
			if own.Name == key {
				return sheet.dropMember(j.Env, "env", key) // the step has its own
			}
		}
		drop, set := sheet.dropMember(j.Env, "env", key), to.setEnv(key, m[2])
		if drop == nil || set == nil {
			return nil
		}
		return append(drop, set...)
	}
	return nil
}
