package lockfile

import "github.com/bonafide-app/bonafide/app/dep"

func parseDeno(f file) ([]dep.Entry, error) {
	return nil, &Error{f.name, 0, NotRead, "not read yet"}
}
