package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/bonafide-app/bonafide/config"
)

// What the files of deploy/ and their pages set is a setting that there is.
func TestDeploymentsSetWhatThereIs(t *testing.T) {
	parser, err := kong.New(&commands{}, kong.BindTo(t.Context(), (*context.Context)(nil)), kong.Bind(terminal{}))
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, command := range parser.Model.Children {
		for _, f := range command.Flags {
			known = append(known, f.Envs...)
		}
	}
	for _, file := range []string{"deploy/Dockerfile", "deploy/compose.yaml", "deploy/bonafide.service", "docs/containers.md", "docs/systemd.md"} {
		text, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		names := regexp.MustCompile(`\bBONAFIDE_[A-Z_]+\b`).FindAllString(string(text), -1)
		for _, name := range names {
			if !slices.Contains(known, name) {
				t.Errorf("%s sets %s, which there is not", file, name)
			}
		}
		if len(names) == 0 {
			t.Errorf("%s sets nothing", file)
		}
	}
}

// A database that is not there yet comes; a wrong setting stays until somebody mends it.
func TestTheUnitStartsAgainUnlessAPersonMustMendIt(t *testing.T) {
	unit, err := os.ReadFile("../../deploy/bonafide.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"Restart=on-failure", "StartLimitIntervalSec=0", fmt.Sprintf("RestartPreventExitStatus=%d", exitUsage)} {
		if !strings.Contains(string(unit), "\n"+line+"\n") {
			t.Errorf("it does not have %s", line)
		}
	}
}

// The unit loads what setup encrypts.
func TestTheUnitLoadsTheCredentials(t *testing.T) {
	unit, err := os.ReadFile("../../deploy/bonafide.service")
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	if err := printed(&said, "systemd", config.Registration{}); err != nil {
		t.Fatal(err)
	}
	loads := regexp.MustCompile(`LoadCredentialEncrypted=\S+`)
	got, want := loads.FindAllString(string(unit), -1), loads.FindAllString(said.String(), -1)
	slices.Sort(got)
	slices.Sort(want)
	if len(want) != 4 || !slices.Equal(got, want) {
		t.Errorf("it has %q, and setup prints %q", got, want)
	}
}
