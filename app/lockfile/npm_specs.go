package lockfile

import "github.com/bonafide-app/bonafide/app/dep"

// npmSpecs are the dependency specs of a file, while it is read.
type npmSpecs struct {
	reading  []dep.Spec // those of the member that is read
	optional []string   // the peers of it that may be absent
	block    []dep.Spec // where those of many members are kept, one after the other
	count    int        // how many are kept
	direct   int        // and of own code and what may be bundled

	asked map[ask]bool // those that name an alias or an address
}

// begin makes ready for the next member.
func (s *npmSpecs) begin() { s.reading, s.optional = s.reading[:0], s.optional[:0] }

// readSpecs reads one of the sections that say what a package asks for.
func (l *npmLock) readSpecs(kind dep.Scope) error {
	s := &l.specs
	return l.object(func(name string, _ int) (err error) {
		if s.count+len(s.reading) == MaxSpecs {
			return l.tooMany(l.here(), MaxSpecs, "dependency specs")
		}
		spec := dep.Spec{Name: name, Kind: kind}
		if l.dec.PeekKind() == '"' {
			spec.Range, err = l.str()
		} else {
			err = l.skip()
		}
		s.reading = append(s.reading, spec)
		if err != nil || !isSpec(spec.Range) {
			return err
		}
		if s.asked[askFor(name, spec.Range)] = true; len(s.asked) > MaxAsked {
			return l.tooMany(l.here(), MaxAsked, "aliases and addresses in what is asked for")
		}
		return nil
	})
}

// readPeersMeta reads which peers may be absent.
// https://docs.npmjs.com/cli/v11/configuring-npm/package-json#peerdependenciesmeta
func (l *npmLock) readPeersMeta() error {
	if l.dec.PeekKind() != '{' {
		return l.skip()
	}
	return l.object(func(name string, _ int) error {
		if l.dec.PeekKind() != '{' {
			return l.skip()
		}
		return l.object(func(key string, _ int) error {
			if key == "optional" && l.dec.PeekKind() == 't' {
				l.specs.optional = append(l.specs.optional, name)
			}
			return l.skip()
		})
	})
}

// lookFor counts what will be looked for in the tree.
func (l *npmLock) lookFor(n, line int) error {
	if l.specs.direct += n; l.specs.direct > MaxDirect {
		return l.tooMany(line, MaxDirect, "packages that the root, the workspaces and what is bundled ask for")
	}
	return nil
}

// keepSpecs gives what was read of the present member a place of its own. looked says
// that each of them will be looked for in the tree.
func (l *npmLock) keepSpecs(looked bool) ([]dep.Spec, error) {
	s := &l.specs
	n := len(s.reading)
	if n == 0 {
		return nil, nil
	}
	if len(s.optional) > 0 {
		absent := make(map[string]bool, len(s.optional))
		for _, name := range s.optional {
			absent[name] = true
		}
		for i := range s.reading {
			if s.reading[i].Kind == dep.Peer && absent[s.reading[i].Name] {
				s.reading[i].Kind = dep.Optional
			}
		}
	}
	s.count += n
	if looked {
		if err := l.lookFor(n, l.here()); err != nil {
			return nil, err
		}
	}
	const room = 512 // specs: what stays empty at the end of a block does not matter
	if cap(s.block)-len(s.block) < n {
		s.block = make([]dep.Spec, 0, max(room, n))
	}
	at := len(s.block)
	s.block = append(s.block, s.reading...)
	return s.block[at:len(s.block):len(s.block)], nil
}
