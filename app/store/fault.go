package store

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrDamaged is wrapped where the database file is not what SQLite wrote.
var ErrDamaged = errors.New("the file is damaged: stop the server and restore a backup, or remove the file with those beside it that begin with its name. " +
	"What is lost then are caches, reports, and what people accepted; pull requests are found again")

// errGone is said of a file that is not the one that was opened.
var errGone = errors.New("the database file was deleted or replaced while the server runs: what it stores now would be lost, so restart the server")

// explained adds to an error of the database what is to be done about it.
func explained(err error) error {
	var fault *sqlite.Error
	if !errors.As(err, &fault) {
		return explainedPostgres(err)
	}
	switch fault.Code() & 0xff { // the rest says more of the same
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w (%w)", ErrDamaged, err)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("the disk is full: make room (%w)", err)
	case sqlite3.SQLITE_READONLY:
		return fmt.Errorf("it may only be read: let this user write to the file and its folder; where the file was replaced, restart the server (%w)", err)
	case sqlite3.SQLITE_IOERR:
		return fmt.Errorf("the disk fails or the file is gone: look at the system's log (%w)", err)
	case sqlite3.SQLITE_CANTOPEN:
		return fmt.Errorf("it cannot be opened: is the folder still there? (%w)", err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("another program holds it: end that one (%w)", err)
	}
	return err
}
