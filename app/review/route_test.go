package review

import (
	"context"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
)

const (
	teamRegistry = "https://npm.example.com/team"
	otherOne     = "https://npm.other.example"
	mirrorOne    = "https://mirror.example.com/npm"
)

func charted(t *testing.T) *Reviewer {
	t.Helper()
	r, err := New(Options{
		Verifier: proven(), Concurrency: 1, Clock: reviewer(proven()).clock,
		Others:  []Registry{{URL: teamRegistry + "/", Scopes: []string{"@team"}, Verifier: proven()}},
		Mirrors: []string{mirrorOne + "/"}, Private: []string{"@secret"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// at is an entry of name@version, fetched from a registry, or from none that is stated.
func at(id, registry string) dep.Entry {
	i := strings.LastIndexByte(id, '@')
	e := dep.Entry{Package: dep.Package{Ecosystem: dep.NPM, Name: id[:i], Version: id[i+1:]}, Source: dep.Registry, Integrity: sri(id)}
	if registry != "" {
		_, base, scoped := strings.Cut(e.Package.Name, "/")
		if !scoped {
			base = e.Package.Name
		}
		e.Resolved = registry + "/" + e.Package.Name + "/-/" + base + "-" + e.Package.Version + ".tgz"
	}
	return e
}

func settings(all ...string) (out []lockfile.Settings) {
	for _, text := range all {
		s, err := lockfile.ParseSettings(".npmrc", []byte(text))
		if err != nil {
			panic(err)
		}
		out = append(out, s)
	}
	return out
}

const publicOne = "https://registry.npmjs.org"

func TestWhereAPackageIsAskedAbout(t *testing.T) {
	team, secret := "@team:registry="+teamRegistry, "@acme:registry="+otherOne
	for _, x := range []struct {
		name       string
		base, head []string // settings, a file each
		was        []dep.Entry
		entry      dep.Entry
		want       string // "public", "mirror", "team", "private", "refused"
	}{
		{name: "an address of the public registry", entry: at("left@1.0.0", publicOne), want: "public"},
		{name: "no address", entry: at("left@1.0.0", ""), want: "public"},
		{name: "an address of a mirror", entry: at("left@1.0.0", mirrorOne), want: "mirror"},
		{name: "an address beside the mirror", entry: at("left@1.0.0", "https://mirror.example.com/other"), want: "refused"},
		{name: "an address of a configured registry", entry: at("left@1.0.0", teamRegistry), want: "team"},
		{name: "an address of another one, new", entry: at("left@1.0.0", otherOne), want: "refused"},
		{name: "an address of another one, as on the base", was: []dep.Entry{at("@acme/a@0.9.0", otherOne), at("right@1.0.0", publicOne)}, entry: at("@acme/a@1.0.0", otherOne), want: "private"},
		{name: "an address of another one, which names without a scope come from", was: []dep.Entry{at("left@0.9.0", otherOne), at("right@1.0.0", publicOne)}, entry: at("left@1.0.0", otherOne), want: "refused"},
		{name: "a scope of that one", was: []dep.Entry{at("left@0.9.0", otherOne), at("@acme/a@0.9.0", otherOne)}, entry: at("@acme/a@1.0.0", otherOne), want: "refused"},
		{name: "an address of another one, which is the base's default", base: []string{"registry=" + otherOne + "/"}, was: []dep.Entry{at("left@0.9.0", otherOne), at("right@1.0.0", publicOne)}, entry: at("left@1.0.0", otherOne), want: "refused"},
		{name: "a scope that the base's settings take from its default", base: []string{"registry=" + otherOne, secret}, head: []string{"registry=" + otherOne, secret}, was: []dep.Entry{at("@acme/a@0.9.0", otherOne)}, entry: at("@acme/a@1.0.0", otherOne), want: "private"},
		{name: "a public name that moves to another one of the base", was: []dep.Entry{at("left@0.9.0", publicOne), at("own@1.0.0", otherOne)}, entry: at("left@1.0.0", otherOne), want: "refused"},
		{name: "a new name of a scope that comes from there", was: []dep.Entry{at("@acme/a@1.0.0", otherOne)}, entry: at("@acme/b@1.0.0", otherOne), want: "private"},
		{name: "a new name of a scope that comes from there and elsewhere", was: []dep.Entry{at("@acme/a@1.0.0", otherOne), at("@acme/c@1.0.0", publicOne)}, entry: at("@acme/b@1.0.0", otherOne), want: "refused"},
		{name: "a new name without a scope", was: []dep.Entry{at("own@1.0.0", otherOne)}, entry: at("new@1.0.0", otherOne), want: "refused"},

		{name: "the operator's scope", entry: at("@team/a@1.0.0", ""), want: "team"},
		{name: "the operator's scope at the public registry", entry: at("@team/a@1.0.0", publicOne), want: "refused"},
		{name: "the operator's scope at a mirror", entry: at("@team/a@1.0.0", mirrorOne), want: "team"},
		{name: "the operator's scope, which the base takes from elsewhere", base: []string{"@team:registry=" + otherOne}, head: []string{"@team:registry=" + otherOne}, entry: at("@team/a@1.0.0", ""), want: "private"},
		{name: "the operator's scope, which the base takes from the public registry", base: []string{"@team:registry=" + publicOne}, head: []string{"@team:registry=" + publicOne}, entry: at("@team/a@1.0.0", ""), want: "refused"},
		{name: "a scope that nobody is asked about", entry: at("@secret/a@1.0.0", ""), want: "private"},
		{name: "it at a mirror", entry: at("@secret/a@1.0.0", mirrorOne), want: "private"},
		{name: "it at a mirror, and elsewhere on the base", was: []dep.Entry{at("@secret/a@0.9.0", otherOne)}, entry: at("@secret/a@1.0.0", mirrorOne), want: "refused"},
		{name: "a new name of it at a mirror, and the scope elsewhere on the base", was: []dep.Entry{at("@secret/b@0.9.0", otherOne)}, entry: at("@secret/a@1.0.0", mirrorOne), want: "refused"},
		{name: "it where it was", was: []dep.Entry{at("@secret/a@0.9.0", mirrorOne)}, entry: at("@secret/a@1.0.0", mirrorOne), want: "private"},
		{name: "it with an address for the first time", was: []dep.Entry{at("@secret/a@0.9.0", "")}, entry: at("@secret/a@1.0.0", otherOne), want: "private"},
		{name: "it without an address for the first time", was: []dep.Entry{at("@secret/a@0.9.0", otherOne)}, entry: at("@secret/a@1.0.0", ""), want: "private"},
		{name: "it, which the head takes from the public registry", base: []string{"@secret:registry=" + otherOne}, head: []string{"@secret:registry=" + publicOne}, entry: at("@secret/a@1.0.0", ""), want: "refused"},
		{name: "it, which another file of the head takes from elsewhere", base: []string{"@secret:registry=" + otherOne}, head: []string{"@secret:registry=" + "https://npm.evil.example", "@secret:registry=" + otherOne}, entry: at("@secret/a@1.0.0", ""), want: "refused"},
		{name: "it, which the head alone takes from somewhere", head: []string{"@secret:registry=https://npm.evil.example"}, entry: at("@secret/a@1.0.0", ""), want: "refused"},
		{name: "it, which the head's default would take", base: []string{"registry=" + otherOne}, head: []string{"registry=" + publicOne}, entry: at("@secret/a@1.0.0", ""), want: "refused"},
		{name: "it, which the head's default would not take", base: []string{"@secret:registry=" + otherOne}, head: []string{"registry=" + mirrorOne, "@secret:registry=" + otherOne + "/"}, entry: at("@secret/a@1.0.0", ""), want: "private"},
		{name: "it at a configured registry", entry: at("@secret/a@1.0.0", teamRegistry), want: "private"},
		{name: "it at the public registry", entry: at("@secret/a@1.0.0", publicOne), want: "refused"},

		{name: "a scope of the base's settings", base: []string{secret}, head: []string{secret}, entry: at("@acme/a@1.0.0", ""), want: "private"},
		{name: "that the head takes from the public registry", base: []string{secret}, head: []string{"@acme:registry=" + publicOne}, entry: at("@acme/a@1.0.0", ""), want: "refused"},
		{name: "that the head says nothing of", base: []string{secret}, entry: at("@acme/a@1.0.0", ""), want: "refused"},
		{name: "that has an address in the public registry", base: []string{secret}, head: []string{secret}, entry: at("@acme/a@1.0.0", publicOne), want: "refused"},
		{name: "that the head says nothing of, with an address in the public registry", base: []string{secret}, entry: at("@acme/a@1.0.0", publicOne), want: "refused"},
		{name: "that another file of the head takes from the public registry", base: []string{secret}, head: []string{"@acme:registry=" + publicOne, secret}, entry: at("@acme/a@1.0.0", ""), want: "refused"},
		{name: "that had one before", base: []string{secret}, head: []string{secret}, was: []dep.Entry{at("@acme/a@0.9.0", publicOne)}, entry: at("@acme/a@1.0.0", publicOne), want: "public"},
		{name: "of the head's settings", head: []string{secret}, entry: at("@acme/a@1.0.0", ""), want: "refused"},
		{name: "of the base's settings, to a configured registry", base: []string{"@x:registry=" + teamRegistry}, head: []string{"@x:registry=" + teamRegistry}, entry: at("@x/a@1.0.0", ""), want: "team"},
		{name: "of the head's settings, to a configured registry", head: []string{team, "@x:registry=" + teamRegistry}, entry: at("@x/a@1.0.0", ""), want: "team"},
		{name: "and the base has it from the public one", head: []string{"@x:registry=" + teamRegistry}, was: []dep.Entry{at("@x/a@0.9.0", "")}, entry: at("@x/a@1.0.0", ""), want: "refused"},
		{name: "of the base's settings, to a mirror", base: []string{"@x:registry=" + mirrorOne}, head: []string{"@x:registry=" + mirrorOne}, entry: at("@x/a@1.0.0", ""), want: "mirror"},
		{name: "and the head says nothing of it", base: []string{"@x:registry=" + teamRegistry}, entry: at("@x/a@1.0.0", ""), want: "refused"},
		{name: "two registries for one scope", base: []string{"@x:registry=" + teamRegistry, "@x:registry=" + otherOne}, head: []string{"@x:registry=" + teamRegistry, "@x:registry=" + otherOne}, entry: at("@x/a@1.0.0", ""), want: "private"},

		{name: "no address, and one of another registry on the base", was: []dep.Entry{at("own@1.0.0", otherOne)}, entry: at("own@2.0.0", ""), want: "refused"},
		{name: "no address, and one of a configured registry on the base", was: []dep.Entry{at("own@1.0.0", teamRegistry)}, entry: at("own@2.0.0", ""), want: "team"},
		{name: "no address, and one of a mirror on the base", was: []dep.Entry{at("left@0.9.0", mirrorOne)}, entry: at("left@1.0.0", ""), want: "mirror"},
		{name: "no address, and those of two other registries on the base", was: []dep.Entry{at("own@1.0.0", otherOne), at("own@1.1.0", "https://npm.third.example")}, entry: at("own@2.0.0", ""), want: "refused"},
		{name: "no address, and one of the public registry beside another on the base", was: []dep.Entry{at("left@0.8.0", otherOne), at("left@0.9.0", publicOne)}, entry: at("left@1.0.0", ""), want: "public"},

		{name: "a default that is a mirror", base: []string{"registry=" + mirrorOne}, head: []string{"registry=" + mirrorOne}, entry: at("left@1.0.0", ""), want: "mirror"},
		{name: "a default that becomes a mirror", head: []string{"registry=" + mirrorOne}, entry: at("left@1.0.0", ""), want: "mirror"},
		{name: "a default that is configured", base: []string{"registry=" + teamRegistry}, head: []string{"registry=" + teamRegistry}, entry: at("left@1.0.0", ""), want: "team"},
		{name: "a default that becomes one that is configured", head: []string{"registry=" + teamRegistry}, entry: at("left@1.0.0", ""), want: "refused"},
		{name: "a default that nobody configured", base: []string{"registry=" + otherOne}, head: []string{"registry=" + otherOne}, entry: at("left@1.0.0", ""), want: "refused"},
		{name: "and the head's own is public", base: []string{"registry=" + otherOne}, head: []string{"registry=" + publicOne}, entry: at("left@1.0.0", ""), want: "refused"},
	} {
		f := File{BaseSettings: settings(x.base...), HeadSettings: settings(x.head...)}
		f.Settings = append(settings(x.base...), f.HeadSettings...)
		to := charted(t).lookupFor(false, policy.Default(), f, x.was, append(x.was, x.entry)).route(x.entry)
		got := "public"
		switch {
		case to.private != "":
			got = "private"
		case to.refused != "":
			got = "refused"
		case to.registry == teamRegistry:
			got = "team"
		case to.mirror:
			got = "mirror"
		}
		if got != x.want || (to.private != "") != strings.Contains(to.refused, "private, not looked up") {
			t.Errorf("%s: %s, want %s: %+v", x.name, got, x.want, to)
		}
	}
}

// A repository's policy says the same of itself.
func TestAPolicyDeclaresMirrorsAndPrivateScopes(t *testing.T) {
	p := policy.Default()
	p.Registries = policy.Registries{Mirrors: []string{otherOne}, Private: []string{"@acme"}}
	l := charted(t).lookupFor(false, p, File{}, nil, nil)
	if to := l.route(at("left@1.0.0", otherOne)); !to.mirror || to.refused != "" {
		t.Errorf("a mirror: %+v", to)
	}
	if to := l.route(at("@acme/a@1.0.0", "")); to.private != "the scope @acme" {
		t.Errorf("a scope: %+v", to)
	}
}

// In an audit, what there is is the base.
func TestAnAuditTakesTheLockfileAtItsWord(t *testing.T) {
	e := at("@own/a@1.0.0", otherOne)
	if to := charted(t).lookupFor(true, policy.Default(), File{}, nil, []dep.Entry{e}).route(e); to.private != "the registry npm.other.example" {
		t.Errorf("%+v", to)
	}
}

// What the settings cannot say, nobody takes for private.
func TestSettingsThatCannotBeReadMakeNothingPrivate(t *testing.T) {
	f := File{BaseSettings: settings("@acme:registry=" + otherOne), SettingsUnread: "web/.npmrc is too large"}
	f.HeadSettings, f.Settings = f.BaseSettings, f.BaseSettings
	for _, id := range []string{"@acme/a@1.0.0", "@secret/a@1.0.0"} {
		if to := charted(t).lookupFor(false, policy.Default(), f, nil, nil).route(at(id, "")); to.private != "" || !strings.Contains(to.refused, "too large") {
			t.Errorf("%s: %+v", id, to)
		}
	}
}

// A pull request that leads a private scope elsewhere, in another file than the one that made it
// private, does not pass; nor is anybody told the name.
func TestAPrivateScopeThatIsLedElsewhereDoesNotPass(t *testing.T) {
	lock := func(version string) string {
		return string(packages{"node_modules/@acme/a": `"version":"` + version + `","integrity":"` + sri("@acme/a@"+version) + `"`}.lockfile())
	}
	base := files{".npmrc": "@acme:registry=" + otherOne, "web/package-lock.json": lock("1.0.0")}
	for added, want := range map[string]policy.Conclusion{
		"":                                       policy.Success,
		"web/.npmrc @acme:registry=" + publicOne: policy.ActionRequired,
		"web/.npmrc fund=false":                  policy.Success,
		"web/.yarnrc.yml npmScopes: {acme: {npmRegistryServer: https://registry.npmjs.org}}":             policy.ActionRequired,
		"web/bunfig.toml [install.scopes]\nacme = \"" + mirrorOne + "\"":                                 policy.Failure,
		"web/.npmrc " + strings.Repeat("#", lockfile.MaxSettingsBytes) + "\n@acme:registry=" + publicOne: policy.ActionRequired,
	} {
		head := files{".npmrc": base[".npmrc"], "web/package-lock.json": lock("9.9.9")}
		if name, text, ok := strings.Cut(added, " "); ok {
			head[name] = text
		}
		req, err := Compare(context.Background(), base, head, none)
		if err != nil {
			t.Fatal(err)
		}
		req.Kind, req.Policy = report.Diff, policy.Default()
		asked := proven()
		r := reviewer(asked)
		rep, err := r.Review(context.Background(), req)
		if err != nil {
			t.Fatal(err)
		}
		if rep.Conclusion != want || len(asked.asked) > 0 {
			t.Errorf("%.60q: %s, asked %v: %+v", added, rep.Conclusion, asked.asked, rep.Findings)
		}
	}
}
