package review

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
)

// Who may read a report may be many more than who may read the lockfile: logs, exports, a
// public page.
func TestSecretsOfALockfilesAddressesAreInNoReport(t *testing.T) {
	const file = "package-lock.json"
	addresses := []string{
		"https://me:hunter2@npm.example.com/a/-/a-1.0.0.tgz",
		"https://hunter2@example.com/a.tgz",
		"https://example.com/a.tgz?token=hunter2",
		"git+https://hunter2:x-oauth-basic@github.com/acme/a.git#" + strings.Repeat("a", 40),
	}
	locks := map[string]string{}
	for i, address := range addresses {
		locks[fmt.Sprintf("npm %d", i)] = fmt.Sprintf(`{"lockfileVersion":3,"packages":{"":{"dependencies":{"a":%q}},"node_modules/a":{"version":"1.0.0","resolved":%q,"integrity":%q}}}`, address, address, sri("a"))
		locks[fmt.Sprintf("npm without a version %d", i)] = fmt.Sprintf(`{"lockfileVersion":3,"packages":{"":{},"node_modules/a":{"version":%q}}}`, address)
		locks[fmt.Sprintf("npm 6 %d", i)] = fmt.Sprintf(`{"lockfileVersion":1,"requires":true,"dependencies":{"a":{"version":%q,"from":%q}}}`, address, address)
		locks[fmt.Sprintf("deno.lock %d", i)] = fmt.Sprintf(`{"version":"5","remote":{%q:"%s"}}`, address, strings.Repeat("a", 64))
		locks[fmt.Sprintf("pnpm-lock.yaml %d", i)] = fmt.Sprintf("lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a:\n        specifier: %s\n        version: %s\npackages:\n  a@%s:\n    resolution: {tarball: %s}\n    version: 1.0.0\nsnapshots:\n  a@%s: {}\n",
			address, address, address, address, address)
		locks[fmt.Sprintf("yarn.lock %d", i)] = fmt.Sprintf("# yarn lockfile v1\n\n\n\"a@%s\":\n  version \"1.0.0\"\n  resolved \"%s\"\n", address, address)
	}
	locks["broken npm"] = `{"lockfileVersion":3,"packages":{"":{},"node_modules/a":{"link":true,"version":"https://me:hunter2@example.com/a"}}}`
	for name, text := range locks {
		t.Run(name, func(t *testing.T) {
			path := file
			if word, _, _ := strings.Cut(name, " "); strings.Contains(word, ".") {
				path = word
			}
			req, err := Compare(context.Background(), files{}, files{path: text}, func(string) bool { return false })
			if err != nil {
				t.Fatal(err)
			}
			req.Kind, req.Policy = report.Diff, policy.Default()
			rep, err := reviewer(proven()).Review(context.Background(), req)
			if err != nil {
				t.Fatal(err)
			}
			if len(rep.Packages) == 0 && !strings.HasPrefix(name, "broken") {
				t.Fatalf("nothing was read: %+v", rep.Findings)
			}
			var stored, said bytes.Buffer
			if err := report.JSON(&stored, rep); err != nil {
				t.Fatal(err)
			}
			if err := report.SARIF(&said, rep, ""); err != nil {
				t.Fatal(err)
			}
			read, err := report.Read(bytes.NewReader(stored.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			var again bytes.Buffer
			if err := report.SARIF(&again, read, ""); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(said.Bytes(), again.Bytes()) {
				t.Errorf("the report that was read back has other fingerprints:\n%s\n%s", &said, &again)
			}
			for _, write := range []func(*bytes.Buffer) error{
				func(b *bytes.Buffer) error { return report.CSV(b, rep) },
				func(b *bytes.Buffer) error { return report.CycloneDX(b, rep, "") },
				func(b *bytes.Buffer) error {
					return report.Table(b, rep, report.TableOptions{})
				},
			} {
				if err := write(&said); err != nil {
					t.Fatal(err)
				}
			}
			if all := stored.String() + said.String(); strings.Contains(all, "hunter2") {
				at := strings.Index(all, "hunter2")
				t.Errorf("it is in …%s…", all[max(0, at-200):min(len(all), at+60)])
			}
		})
	}
}
