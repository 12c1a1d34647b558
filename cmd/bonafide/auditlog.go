package main

import (
	"io"

	"github.com/bonafide-app/bonafide/app/audit"
	"github.com/bonafide-app/bonafide/app/mask"
)

// auditLog is where --audit-log says, nil for nowhere. Should a secret get there after all, it
// is masked.
func auditLog(path string, stdout io.Writer, m mask.Masker) (w io.Writer, end func(), err error) {
	switch path {
	case "":
		return nil, func() {}, nil
	case "-":
		return m.Writer(stdout), func() {}, nil
	}
	file, err := audit.Open(path)
	if err != nil {
		return nil, nil, usage("--audit-log %s: %w", path, err)
	}
	return m.Writer(file), func() { _ = file.Close() }, nil // every line is on the disk already
}
