package config

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
)

var pinned = []policy.PackageRule{
	{Match: "npm:@acme/web", Identity: policy.IdentityPin{Repository: "github.com/acme/web", Workflow: ".github/workflows/release.yml", Ref: "refs/tags/*"}},
	{Match: "npm:tide", Identity: policy.IdentityPin{Repository: "github.com/tides/tide"}},
}

// applied is a policy file after git has applied a patch to it.
func applied(t *testing.T, path string, data []byte, patch string) []byte {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("skipped: git is not on PATH")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if data != nil {
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, check := range []bool{true, false} {
		cmd := exec.CommandContext(t.Context(), "git", "apply", "--whitespace=error", "-")
		if check {
			cmd.Args = append(cmd.Args, "--check")
		}
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(patch)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git apply: %v: %s\n%s", err, out, patch)
		}
	}
	out, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAPatchAddsPinsToThePolicyFile(t *testing.T) {
	lines := func(n int) string { return strings.Repeat("# one more line\n", n) }
	for name, data := range map[string]string{
		"none":                              "none",
		"empty":                             "",
		"comments alone":                    "# nothing yet",
		"no packages":                       "version: 1\nmode: observe\n",
		"no packages, no end of line":       "version: 1\nmode: observe",
		"begun":                             "---\nversion: 1\n",
		"a long file":                       lines(20) + "version: 1\n" + lines(20),
		"packages without any":              "version: 1\npackages: # of ours\n#  - match: x\n\nexceptions:\n",
		"packages at the end":               "version: 1\npackages:",
		"an empty list":                     "version: 1\npackages: []  # none\nmode: observe\n",
		"an empty list at the end":          "version: 1\npackages: [ ]",
		"some packages":                     lines(9) + "version: 1\npackages:\n  # Ours.\n  - match: \"npm:@my-org/*\"\n    require: all\n\nmode: observe\n" + lines(9),
		"packages without an indent":        "version: 1\npackages:\n- match: \"npm:a\"\n  require: all\nmode: observe",
		"packages far in":                   "version: 1\n\"packages\":\n      - { match: \"npm:a\", require: all }\n",
		"the same name, for something else": "version: 1\npackages:\n  - match: \"npm:tide\"\n    require: all\n",
		"a floor with packages of its own":  "version: 1\nenforce:\n  packages:\n    - match: \"npm:a\"\n      require: all\n",
		"a policy that extends another":     "version: 1\nextends: acme/.github\n",
		"a text that ends the file":         "version: 1\nexceptions:\n  - package: npm:a\n    rules: [too-new]\n    owner: me\n    expires: 2027-03-01\n    reason: |\n      so\n      it is\n",
		"what bonafide policy init writes":  Starter(nil),
		"what it writes with pins":          Starter(pinned[:1]),
	} {
		for _, path := range PolicyPaths() {
			t.Run(name+" "+path, func(t *testing.T) {
				before := []byte(data)
				if name == "none" {
					before = nil
				}
				patch := PinsPatch(path, before, pinned)
				if patch == "" {
					t.Fatal("no patch")
				}
				after := applied(t, path, before, patch)
				was, err := ParsePolicy("", before)
				if err != nil {
					t.Fatal(err)
				}
				is, err := ParsePolicy("", after)
				if err != nil {
					t.Fatalf("%v\n%s", err, after)
				}
				if len(is.Packages) != len(was.Packages)+len(pinned) || is.Mode != was.Mode || len(is.Exceptions) != len(was.Exceptions) {
					t.Errorf("%s\n%+v", after, is.Packages)
				}
				for _, b := range pinned {
					if !slices.ContainsFunc(is.Packages, func(p policy.PackageRule) bool { return p.Match == b.Match && p.Identity == b.Identity }) {
						t.Errorf("%s is missing:\n%s", b.Match, after)
					}
				}
				for line := range bytes.Lines(before) { // nothing that stood there is gone
					if line = bytes.TrimSpace(line); !bytes.Contains(after, line) && !bytes.Contains(line, []byte("[")) {
						t.Errorf("%s is gone:\n%s", line, after)
					}
				}
			})
		}
	}
}

func TestAPolicyFileThatCannotBePatchedForSureIsNot(t *testing.T) {
	for name, data := range map[string]string{
		"no policy":              "version: 2\n",
		"no YAML":                "version: [\n",
		"on one line":            "{version: 1}\n",
		"packages on one line":   "version: 1\npackages: [{ match: \"npm:a\", require: all }]\n",
		"a null":                 "version: 1\npackages: null\n",
		"Windows' ends of lines": "version: 1\r\nmode: observe\r\n",
		"an end of the document": "version: 1\n...\n",
		"characters nobody sees": "version: 1 # \u202e\n",
		"an indent":              "  version: 1\n",
		"two lists":              "version: 1\npackages:\npackages:\n",
		"too large":              "version: 1\n" + strings.Repeat("#", MaxPolicyBytes-12),
	} {
		if patch := PinsPatch(".github/bonafide.yml", []byte(data), pinned); patch != "" {
			t.Errorf("%s: %.500s", name, patch)
		}
	}
	if PinsPatch("../x", nil, pinned) != "" || PinsPatch("bonafide.yml", nil, nil) != "" {
		t.Error("a patch of something else, or of nothing")
	}
}

func FuzzPinsPatch(f *testing.F) {
	f.Add("version: 1\npackages:\n  - match: \"npm:a\"\n    require: all\n")
	f.Add(Starter(nil))
	f.Fuzz(func(_ *testing.T, data string) { PinsPatch("bonafide.yml", []byte(data), pinned) })
}
