package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
)

// readable says how a file can be read that a flag names, as the end of a sentence; "" where
// an error is not about that.
func readable(flag, file string, err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf(": name the right one, %s PATH", flag)
	case errors.Is(err, fs.ErrPermission) && os.Geteuid() >= 0: // less than 0 where users have no numbers
		return fmt.Sprintf(": let this user, %d, read it: `sudo chown %[1]d %s && sudo chmod 0400 %[2]s`", os.Geteuid(), asWord(file))
	}
	return ""
}

// emptyFile is the error for a file of a secret that has nothing in it.
func emptyFile(flag, file string) error {
	switch flag {
	case "--webhook-secret":
		return fmt.Errorf("--webhook-secret-file %s is empty: put the App's webhook secret into it, or make a new one with `openssl rand -hex 32 > %s` and set the same on the App's settings page", file, asWord(file))
	case "--private-key":
		return fmt.Errorf("--private-key-file %s is empty: %s", file, keyTodo)
	}
	return fmt.Errorf("%s-file %s is empty: put the value into it", flag, file)
}

// asWord is a word of a shell's command line.
func asWord(word string) string {
	if regexp.MustCompile(`^[\w@%+=:,./-]+$`).MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
