package policy

import (
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"slices"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/sandbox/realdata"
)

// unzip reads a file of the archive, nil where it has none.
func unzip(t *testing.T, z fs.FS, name string) []byte {
	t.Helper()
	data, err := fs.ReadFile(z, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return data
}

// compare judges two lockfiles as a pull request would, with every registry package
// signed and without provenance on both sides.
func compare(base, head []byte, name string) (Input, Verdict) {
	in := Input{KnownHosts: map[string][]string{}}
	var sides [2][]dep.Entry
	for i, data := range [][]byte{base, head} {
		if data == nil && i == 0 {
			continue
		}
		entries, err := lockfile.Parse(name, data)
		var contradicts *lockfile.Error
		if errors.As(err, &contradicts) && contradicts.Kind == lockfile.Inconsistent {
			in.Problems = append(in.Problems, Problem{Kind: Unreadable, Lockfile: name, Detail: err.Error()})
			err = nil
		}
		if err != nil {
			kind := []ProblemKind{UnreadableBase, Unreadable}[i]
			in.Problems = append(in.Problems, Problem{Kind: kind, Lockfile: name, Detail: err.Error()})
			if kind == UnreadableBase {
				continue // all of the head counts as added
			}
			return in, Judge(in, Default(), now())
		}
		sides[i] = entries
	}
	for _, e := range sides[0] {
		if base, ok := lockfile.RegistryBase(e.Resolved, e.Package); ok {
			in.KnownHosts[name] = append(in.KnownHosts[name], base)
		}
	}
	for _, c := range lockfile.Diff(sides[0], sides[1]) {
		s := Subject{Change: c, Evidence: signed(c.Entry), Bundle: bundleOf(c.Entry)}
		for _, r := range c.Replaces {
			s.Replaced = append(s.Replaced, signed(r))
		}
		for _, stay := range c.Stays {
			s.Stays = append(s.Stays, signed(stay))
		}
		if c.Entry.Source != dep.Registry || c.Entry.Package.Ecosystem != dep.NPM {
			s = unlooked(s, "comes from elsewhere")
		}
		in.Subjects = append(in.Subjects, s)
	}
	return in, Judge(in, Default(), now())
}

func (in Input) names() (out []string) {
	for _, s := range in.Subjects {
		out = append(out, s.Change.Entry.Package.ID())
	}
	return out
}

func rulesOf(v Verdict) (out []RuleName) {
	for _, f := range v.Findings {
		if f.Severity != Notice && !slices.Contains(out, f.Rule) {
			out = append(out, f.Rule)
		}
	}
	slices.Sort(out)
	return out
}

// Every hostile lockfile of a format that is read is refused or found, as its author states; every
// harmless one is let through without a word.
func TestHostileLockfilesAreRefusedOrFound(t *testing.T) {
	z := realdata.Open(t, "lockfiles.zip")
	var index struct {
		Cases []struct {
			Case, Lockfile, Base, Head, Outcome, Why string
			Kinds                                    []string
			MustReport                               []string `json:"must_report"`
		}
	}
	if err := json.Unmarshal(unzip(t, z, "hostile/expected.json"), &index); err != nil {
		t.Fatal(err)
	}
	// The corpus' words and the rules that answer for them. The last three are about
	// packages that must be seen at all.
	rules := map[string][]RuleName{
		"repinned":            {RuleRepinned, RuleIntegrityLost},
		"exotic-source":       {RuleExoticSource},
		"source-mismatch-url": {RuleExoticSource},
		"integrity-missing":   {RuleIntegrityMissing, RuleIntegrityLost},
		"digest-weak":         {RuleIntegrityMissing, RuleIntegrityLost},
		"digest-malformed":    {RuleIntegrityLost, RuleUnverified},
		"conflicting-digests": {RuleRepinned},
		"name-invalid":        {RuleNameInvalid},
		"version-invalid":     {RuleNameInvalid},
		"path-escape":         {RuleExoticSource, RuleNameInvalid},
		"patched":             {RulePatched},
		"limit":               {RuleNameInvalid},
	}
	seen := []string{"alias", "added", "inconsistent"}
	ran := 0
	for _, c := range index.Cases {
		if format, ok := lockfile.Recognise(c.Lockfile); !ok || !format.Supported {
			continue
		}
		ran++
		t.Run(c.Case, func(t *testing.T) {
			head := unzip(t, z, path.Join("hostile", c.Head))
			var base []byte
			if c.Base != "" {
				base = unzip(t, z, path.Join("hostile", c.Base))
			}
			in, v := compare(base, head, c.Lockfile)
			if slices.ContainsFunc(in.Problems, func(p Problem) bool { return p.Kind == Unreadable }) {
				if c.Outcome == "ok" || v.Conclusion != Failure {
					t.Errorf("%s: refused with %q, conclusion %s, though it should be %s", c.Why, in.Problems[0].Detail, v.Conclusion, c.Outcome)
				}
				for _, name := range c.MustReport {
					if len(in.Subjects) > 0 && !slices.Contains(in.names(), name) {
						t.Errorf("%s is not among the changed packages %v", name, in.names())
					}
				}
				return
			}
			switch c.Outcome {
			case "error":
				t.Errorf("%s: it was read", c.Why)
			case "ok":
				if got := rulesOf(v); len(got) > 0 || v.Conclusion != Success {
					t.Errorf("%s: it is harmless, but %v said something: %+v", c.Why, got, v.Findings)
				}
			default:
				found := slices.ContainsFunc(c.Kinds, func(kind string) bool {
					return slices.Contains(seen, kind) && len(in.Subjects) > 0 ||
						slices.ContainsFunc(rules[kind], func(r RuleName) bool { return slices.Contains(rulesOf(v), r) })
				})
				if !found && c.Case != "npm-url-upper-host" { // there the corpus allows silence: "at most repinned"
					t.Errorf("%s: expected one of %v, got %v", c.Why, c.Kinds, rulesOf(v))
				}
			}
			for _, name := range c.MustReport {
				if !slices.Contains(in.names(), name) {
					t.Errorf("%s is not among the changed packages %v", name, in.names())
				}
			}
		})
	}
	if ran < 115 {
		t.Errorf("only %d cases ran", ran)
	}
}

// Real pull requests of well-known projects: only what is really there is said.
func TestRealPullRequestsRaiseNoFalseAlarm(t *testing.T) {
	z := realdata.Open(t, "lockfiles.zip")
	for name, want := range map[string][]RuleName{
		"npm-shrinkwrap/shrinkwrap-v3-workspaces/npm-shrinkwrap.json":     nil,
		"npm-v2/v2-hono-integrity-appears/package-lock.json":              nil, // 111 digests are added
		"npm-v2/v2-npmcli-git-dep/package-lock.json":                      {RuleExoticSource, RuleRepinned},
		"npm-v2/v2-slsa-installer-adds-23-aliases/package-lock.json":      nil,
		"npm-v3/v2-to-v3-tool/package-lock.json":                          nil,
		"npm-v3/v3-bump-only/package-lock.json":                           nil,
		"npm-v3/v3-one-bump-adds-25/package-lock.json":                    nil,
		"npm-v3/v3-sigstore-600-lose-integrity/package-lock.json":         {RuleIntegrityLost},
		"npm-v3/v3-tool-workspaces-alias/package-lock.json":               nil,
		"npm-v1/v1-rtk-devdep-churn/package-lock.json":                    nil, // 66 digests are strengthened
		"npm-v1/v1-tool-alias-tarball-file/package-lock.json":             nil,
		"npm-shrinkwrap/shrinkwrap-2017-no-integrity/npm-shrinkwrap.json": {RuleIntegrityMissing},
		"yarn-v1/hono-733-resolved-host-swap/yarn.lock":                   nil,
		"yarn-v1/hono-codeload-tarball/yarn.lock":                         {RuleRepinned}, // a tarball of a commit becomes the release
		"yarn-v1/policybot-aliases-arrive/yarn.lock":                      nil,
		"yarn-berry/rtk-v8-react-native-905/yarn.lock":                    nil,
		"yarn-berry/rtk-vite-v6-to-v8-checksums/yarn.lock":                nil, // 440 checksums change
		"yarn-berry/tool-v10-patch-npm-protocol/yarn.lock":                {RuleExoticSource, RulePatched},
		"pnpm-v5/v5-to-v5.1/pnpm-lock.yaml":                               nil,
		"pnpm-v5/v5.4-git-dep-1532/pnpm-lock.yaml":                        {RuleExoticSource, RuleInstallScript, RulePatched},
		"pnpm-v5/v5.4-tool-alias-patched/pnpm-lock.yaml":                  {RulePatched},
		"pnpm-v6/v5.4-inline-specifiers-to-v6/pnpm-lock.yaml":             nil,
		"pnpm-v6/v6-tarball-fields-appear/pnpm-lock.yaml":                 nil, // 378 addresses appear
		"pnpm-v9/git-dep-moves-v6-to-v9/pnpm-lock.yaml":                   {RuleExoticSource},
		"pnpm-v9/v9-multi-document-runtime/pnpm-lock.yaml":                nil,
		"pnpm-v9/v9-provenance-action-adds-122/pnpm-lock.yaml":            nil,
		"pnpm-v9/v9-tool-alias-patched/pnpm-lock.yaml":                    {RulePatched},
		"bun/hono-v0-to-v1/bun.lock":                                      nil,
		"bun/tool-v2-tarball-catalog/bun.lock":                            {RuleExoticSource}, // a tarball by address has no version
		"deno/hono-v3-jsr-only/deno.lock":                                 {RuleUnsupportedLockfile},
		"deno/tool-v5-npm-peers/deno.lock":                                nil,
	} {
		t.Run(path.Base(path.Dir(name)), func(t *testing.T) {
			dir, file := path.Split(name)
			in, v := compare(unzip(t, z, dir+"base."+file), unzip(t, z, dir+"head."+file), file)
			if got := rulesOf(v); !slices.Equal(got, want) {
				t.Errorf("%d changes: %v spoke, expected %v\n%+v", len(in.Subjects), got, want, v.Findings)
			}
			if len(v.Findings) > 4 {
				t.Errorf("%d findings are too many words for one cause", len(v.Findings))
			}
		})
	}
}
