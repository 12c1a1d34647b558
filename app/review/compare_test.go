package review

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
)

func none(string) bool { return false }

func TestWhichLockfilesAreRead(t *testing.T) {
	a, b := locking("left@1.0.0"), locking("left@1.0.1")
	for _, tt := range []struct {
		name       string
		base, head files
		read       []string
		problems   []policy.ProblemKind
	}{
		{name: "nothing changed", base: files{"package-lock.json": a}, head: files{"package-lock.json": a}},
		{name: "no lockfile at all", base: files{"a.go": "1"}, head: files{"a.go": "2"}},
		{name: "changed", base: files{"package-lock.json": a}, head: files{"package-lock.json": b}, read: []string{"package-lock.json"}},
		{name: "nested", base: files{}, head: files{"apps/web/package-lock.json": b}, read: []string{"apps/web/package-lock.json"}},
		{name: "in another case", base: files{}, head: files{"Package-Lock.JSON": b}, read: []string{"Package-Lock.JSON"}},
		{name: "both names side by side", base: files{}, head: files{"package-lock.json": a, "npm-shrinkwrap.json": b}, read: []string{"npm-shrinkwrap.json", "package-lock.json"}},
		{name: "inside node_modules", base: files{}, head: files{"node_modules/x/package-lock.json": b}},
		{name: "removed, manifest stays", base: files{"package-lock.json": a, "package.json": "{}"}, head: files{"package.json": "{}"}, problems: []policy.ProblemKind{policy.LockfileRemoved}},
		{name: "deno's removed, its manifest stays", base: files{"deno.lock": "x", "deno.jsonc": "{}"}, head: files{"deno.jsonc": "{}"}, problems: []policy.ProblemKind{policy.LockfileRemoved}},
		{name: "deno's removed beside a package.json", base: files{"deno.lock": "x", "package.json": "{}"}, head: files{"package.json": "{}"}, problems: []policy.ProblemKind{policy.LockfileRemoved}},
		{name: "removed with its manifest", base: files{"package-lock.json": a, "package.json": "{}"}, head: files{}},
		{name: "became one with a lockfile above that names the workspace", base: files{"web/package-lock.json": a, "web/package.json": "{}"},
			head: files{"web/package.json": "{}", "pnpm-lock.yaml": workspace("web")}, read: []string{"pnpm-lock.yaml"}},
		{name: "became one with a lockfile further above", base: files{"x/apps/web/package-lock.json": a, "x/apps/web/package.json": "{}"},
			head: files{"x/apps/web/package.json": "{}", "x/pnpm-lock.yaml": workspace("apps/web")}, read: []string{"x/pnpm-lock.yaml"}},
		{name: "a lockfile above names another workspace", base: files{"web/package-lock.json": a, "web/package.json": "{}"},
			head: files{"web/package.json": "{}", "pnpm-lock.yaml": workspace("api")}, read: []string{"pnpm-lock.yaml"}, problems: []policy.ProblemKind{policy.LockfileRemoved}},
		{name: "a lockfile above is broken", base: files{"web/package-lock.json": a, "web/package.json": "{}", "pnpm-lock.yaml": "-> gone"},
			head: files{"web/package.json": "{}", "pnpm-lock.yaml": "-> gone"}, problems: []policy.ProblemKind{policy.LockfileRemoved}},
		{name: "renamed to its twin", base: files{"package-lock.json": a, "package.json": "{}"}, head: files{"npm-shrinkwrap.json": b, "package.json": "{}"}, read: []string{"npm-shrinkwrap.json"}},
		{name: "removed, its twin is broken", base: files{"package-lock.json": a, "package.json": "{}", "npm-shrinkwrap.json": "-> gone"}, head: files{"package.json": "{}", "npm-shrinkwrap.json": "-> gone"}, problems: []policy.ProblemKind{policy.LockfileRemoved}},
		{name: "of a kind that is not read", base: files{}, head: files{"go.sum": "x"}, problems: []policy.ProblemKind{policy.Unsupported}},
		{name: "of a kind that is not read, unchanged", base: files{"go.sum": "x"}, head: files{"go.sum": "x"}},
		{name: "too large", base: files{}, head: files{"package-lock.json": "too large"}, problems: []policy.ProblemKind{policy.Unreadable}},
		{name: "too large before", base: files{"package-lock.json": "too large"}, head: files{"package-lock.json": a}, read: []string{"package-lock.json"}, problems: []policy.ProblemKind{policy.UnreadableBase}},
		{name: "a submodule moved", base: files{"lib": "submodule 1"}, head: files{"lib": "submodule 2"}, problems: []policy.ProblemKind{policy.SubmoduleMoved}},
		{name: "a submodule came", base: files{}, head: files{"lib": "submodule 1"}, problems: []policy.ProblemKind{policy.SubmoduleMoved}},
		{name: "a submodule stays", base: files{"lib": "submodule 1"}, head: files{"lib": "submodule 1"}},
		{name: "a symlink's target changed", base: files{"package-lock.json": "-> conf/lock.json", "conf/lock.json": a},
			head: files{"package-lock.json": "-> conf/lock.json", "conf/lock.json": b}, read: []string{"package-lock.json"}},
		{name: "a symlink was turned elsewhere", base: files{"web/package-lock.json": "-> ../a", "a": a, "b": b},
			head: files{"web/package-lock.json": "-> ../b", "a": a, "b": b}, read: []string{"web/package-lock.json"}},
		{name: "a file became a symlink with the same content", base: files{"package-lock.json": a, "x": a}, head: files{"package-lock.json": "-> x", "x": a}},
		{name: "a symlink of a symlink", base: files{}, head: files{"package-lock.json": "-> y", "y": "-> x", "x": b}, read: []string{"package-lock.json"}},
		{name: "through a symlinked folder", base: files{}, head: files{"package-lock.json": "-> conf/x", "conf": "-> real", "real/x": b}, read: []string{"package-lock.json"}},
		{name: "a symlink out of the repository", base: files{}, head: files{"package-lock.json": "-> ../../etc/passwd"}, problems: []policy.ProblemKind{policy.Unreadable}},
		{name: "an absolute symlink", base: files{}, head: files{"package-lock.json": "-> /etc/passwd"}, problems: []policy.ProblemKind{policy.Unreadable}},
		{name: "a symlink to nothing", base: files{}, head: files{"package-lock.json": "-> gone"}, problems: []policy.ProblemKind{policy.Unreadable}},
		{name: "a circle of symlinks", base: files{}, head: files{"package-lock.json": "-> x", "x": "-> package-lock.json"}, problems: []policy.ProblemKind{policy.Unreadable}},
		{name: "a broken symlink, untouched", base: files{"package-lock.json": "-> gone"}, head: files{"package-lock.json": "-> gone", "a": "1"}},
		{name: "a symlink that was broken before", base: files{"package-lock.json": "-> gone"}, head: files{"package-lock.json": b}, read: []string{"package-lock.json"}, problems: []policy.ProblemKind{policy.UnreadableBase}},
		{name: "a symlink into a submodule", base: files{}, head: files{"package-lock.json": "-> lib", "lib": "submodule 1"}, problems: []policy.ProblemKind{policy.Unreadable, policy.SubmoduleMoved}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req, err := Compare(context.Background(), tt.base, tt.head, none)
			if err != nil {
				t.Fatal(err)
			}
			var read []string
			for _, f := range req.Files {
				read = append(read, f.Path)
			}
			var problems []policy.ProblemKind
			for _, p := range req.Problems {
				problems = append(problems, p.Kind)
				if p.Detail == "" || !strings.HasSuffix(p.Detail, ".") {
					t.Errorf("the problem %s is not a sentence: %q", p.Kind, p.Detail)
				}
			}
			if !slices.Equal(read, tt.read) || !slices.Equal(problems, tt.problems) {
				t.Errorf("read %v, problems %v; want %v, %v", read, problems, tt.read, tt.problems)
			}
		})
	}
}

func TestAFailureToReadIsNotAVerdict(t *testing.T) {
	for name, head := range map[string]files{
		"a blob":    {"package-lock.json": "out of reach"},
		"a symlink": {"package-lock.json": "-> x"},
	} {
		tree := Tree(head)
		if name == "a symlink" {
			tree = deaf{head}
		}
		if _, err := Compare(context.Background(), files{}, tree, none); err == nil {
			t.Errorf("%s that could not be read was passed over", name)
		}
	}
}

// deaf lists a tree and reads nothing of it.
type deaf struct{ files }

func (deaf) Read(context.Context, TreeEntry) ([]byte, error) { return nil, context.DeadlineExceeded }

func TestIgnoredLockfilesAreNamed(t *testing.T) {
	head := files{"test/package-lock.json": locking("a@1.0.0"), "package-lock.json": locking("b@1.0.0"), "test/go.sum": "x"}
	req, err := Compare(context.Background(), files{}, head, func(p string) bool { return strings.HasPrefix(p, "test/") })
	if err != nil {
		t.Fatal(err)
	}
	if len(req.Files) != 1 || !slices.Equal(req.Ignored, []string{"test/go.sum", "test/package-lock.json"}) || len(req.Problems) != 0 {
		t.Errorf("%+v", req)
	}
}

func TestATwinThatIsIgnoredPinsNothing(t *testing.T) {
	base := files{"package.json": "{}", "package-lock.json": locking("a@1.0.0")}
	head := files{"package.json": "{}", "npm-shrinkwrap.json": locking("a@1.0.0")}
	req, err := Compare(context.Background(), base, head, func(p string) bool { return p == "npm-shrinkwrap.json" })
	if err != nil || len(req.Problems) != 1 || req.Problems[0].Kind != policy.LockfileRemoved {
		t.Errorf("%v, %+v", err, req)
	}
}

func TestALockfileWithoutABaseKeepsItsHistory(t *testing.T) {
	a, b := locking("left@1.0.0"), locking("left@1.0.1")
	for name, tt := range map[string]struct {
		base, head files
		want       string
	}{
		"beside another one":   {files{"package-lock.json": a}, files{"package-lock.json": a, "npm-shrinkwrap.json": b}, "package-lock.json"},
		"renamed":              {files{"package-lock.json": a}, files{"npm-shrinkwrap.json": b}, "package-lock.json"},
		"moved":                {files{"app/package-lock.json": a, "other/package-lock.json": b}, files{"web/package-lock.json": b, "other/package-lock.json": b}, "app/package-lock.json"},
		"new beside unrelated": {files{"app/package-lock.json": a}, files{"app/package-lock.json": a, "web/package-lock.json": b}, ""},
		"moved through a link": {files{"app/package-lock.json": "-> x", "app/x": a}, files{"web/package-lock.json": b, "app/x": a}, "app/package-lock.json"},
		"its twin was unsound": {files{"package-lock.json": "-> gone"}, files{"npm-shrinkwrap.json": b}, ""},
		"of another manager":   {files{"web/yarn.lock": "x"}, files{"web/package-lock.json": b, "web/yarn.lock": "x"}, "web/yarn.lock"},
		"moved and migrated":   {files{"app/yarn.lock": "x"}, files{"web/package-lock.json": b}, "app/yarn.lock"},
		"of another ecosystem": {files{"web/Cargo.lock": "x"}, files{"web/package-lock.json": b, "web/Cargo.lock": "x"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := Compare(context.Background(), tt.base, tt.head, none)
			if err != nil || len(req.Files) != 1 {
				t.Fatalf("%v, %+v", err, req)
			}
			var former []string
			for _, f := range req.Files[0].Former {
				former = append(former, f.Path)
			}
			if got := strings.Join(former, " "); got != tt.want {
				t.Errorf("compared with %q, want %q", got, tt.want)
			}
		})
	}
}

// workspace is a lockfile of pnpm in which one workspace asks for a package.
func workspace(folder string) string {
	return "lockfileVersion: '9.0'\n\nimporters:\n\n  " + folder + ":\n    dependencies:\n      left:\n        specifier: ^1.0.0\n        version: 1.0.0\n\n" +
		"packages:\n\n  left@1.0.0:\n    resolution: {integrity: " + sri("left@1.0.0") + "}\n\nsnapshots:\n\n  left@1.0.0: {}\n"
}

func TestALockfileThatOnlyMovedIsComparedWithItself(t *testing.T) {
	a, b, c := locking("left@1.0.0"), locking("left@1.0.1"), locking("left@1.0.2")
	base := files{"a/package-lock.json": a, "b/package-lock.json": b}
	req, err := Compare(context.Background(), base, files{"x/a/package-lock.json": a, "x/b/package-lock.json": c}, none)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range req.Files {
		var former []string
		for _, o := range f.Former {
			former = append(former, o.Path)
		}
		want := []string{"a/package-lock.json"}
		if f.Path == "x/b/package-lock.json" { // it changed, too: nothing says which one it was
			want = []string{"a/package-lock.json", "b/package-lock.json"}
		}
		if !slices.Equal(former, want) {
			t.Errorf("%s is compared with %v, want %v", f.Path, former, want)
		}
	}
}
