package publish

// setWith gives an action an input.
func (s *step) setWith(key, value string) []Edit {
	if s.Flow || s.Shared {
		return nil
	}
	return s.sheet().setMember(s.With, "with", key, value, s.Uses.End, s.Column)
}

// dropWith takes an input away.
func (s *step) dropWith(key string) []Edit {
	if s.Flow || s.Shared {
		return nil
	}
	return s.sheet().dropMember(s.With, "with", key)
}

// renameWith puts one input in the place of another.
func (s *step) renameWith(old, key, value string) []Edit {
	if s.Flow || s.Shared {
		return nil
	}
	sheet := s.sheet()
	at := s.With.get(old)
	m := keyLine(old).FindStringSubmatch(sheet.line(at.Line))
	if m == nil || s.With.get(key).stated() || !sheet.writable(s.With.place) || at.Line != at.End || at.Column <= s.With.Column {
		return nil
	}
	return sheet.replace(at.Line, spaces(at.Column-1)+key+": "+value+m[3])
}
