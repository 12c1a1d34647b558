package audit

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// File is a file that lines are appended to. Each is on the disk when Write returns. One
// goroutine at a time may use it.
type File struct {
	file    *os.File
	durable bool // a file, and not a pipe
	torn    bool // the end is the beginning of a line that was not written in full
}

// Open opens a file, which is made, for the owner's eyes only, where it is missing; one that
// exists keeps its mode.
func Open(path string) (*File, error) {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("name a file in a folder that this user may write to: %w", err)
	}
	f := &File{file: file}
	if err := f.look(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return f, nil
}

// look finds out what was opened, and whether it ends within a line: a server that was killed
// may have left it so.
func (f *File) look() error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	if f.durable = info.Mode().IsRegular(); !f.durable || info.Size() == 0 {
		return nil
	}
	last := make([]byte, 1)
	if _, err := f.file.ReadAt(last, info.Size()-1); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	f.torn = last[0] != '\n'
	return nil
}

// Write appends a line.
func (f *File) Write(line []byte) (int, error) {
	whole := line
	if f.torn {
		whole = append([]byte{'\n'}, line...)
	}
	if n, err := f.file.Write(whole); err != nil {
		f.torn = f.torn && n == 0 || n > 0
		return 0, err
	}
	f.torn = false
	if f.durable {
		if err := f.file.Sync(); err != nil {
			return 0, fmt.Errorf("have it put on the disk: %w", err)
		}
	}
	return len(line), nil
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }
