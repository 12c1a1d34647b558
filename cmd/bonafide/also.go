package main

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/report"
)

// copied is a file that the result is written to besides, and its format.
type copied struct{ format, file string }

// UnmarshalText reads FORMAT=FILE.
func (c *copied) UnmarshalText(text []byte) error {
	format, file, _ := strings.Cut(string(text), "=")
	formats := []string{"table", "json", "sarif", "markdown", "summary", "csv", "cyclonedx"}
	if !slices.Contains(formats, format) || file == "" {
		return fmt.Errorf("%q is not FORMAT=FILE, with one of the formats %s", text, strings.Join(formats, ", "))
	}
	c.format, c.file = format, file
	return nil
}

// copies writes the files that --also asks for. One run, and so one verdict, serves them all.
func (f *evidenceFlags) copies(r report.Report, o report.TableOptions) error {
	o.Width, o.Color = 0, false
	for _, c := range f.Also {
		if err := f.copy(c, r, o); err != nil {
			return fmt.Errorf("--also %s=%s: %w", c.format, c.file, err)
		}
	}
	return nil
}

func (f *evidenceFlags) copy(c copied, r report.Report, o report.TableOptions) error {
	out, err := os.Create(c.file)
	if err != nil {
		return err
	}
	defer out.Close()
	w := bufio.NewWriter(out)
	if err := f.show(w, c.format, r, o); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return out.Close()
}
