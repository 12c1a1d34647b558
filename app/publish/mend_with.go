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
