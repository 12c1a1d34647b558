package lockfile

import (
	"net/url"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
)

func TestRegistryTarballsAreTheRegistrysOwnAddressAndNothingElse(t *testing.T) {
	a, scoped := npmPkg("a", "1.0.0"), npmPkg("@s/b", "1.0.0-rc.1+x")
	for _, c := range []struct {
		resolved string
		p        dep.Package
		base     string // "" for none
		host     string
	}{
		{"https://registry.npmjs.org/a/-/a-1.0.0.tgz", a, "https://registry.npmjs.org", "registry.npmjs.org"},
		{"https://registry.yarnpkg.com/a/-/a-1.0.0.tgz", a, "https://registry.yarnpkg.com", "registry.yarnpkg.com"},
		{"HTTPS://Registry.NPMJS.org/a/-/a-1.0.0.tgz", a, "https://registry.npmjs.org", "registry.npmjs.org"},
		{"https://registry.npmjs.org:443/a/-/a-1.0.0.tgz", a, "https://registry.npmjs.org", "registry.npmjs.org"},
		{"https://registry.npmjs.org:8443/a/-/a-1.0.0.tgz", a, "https://registry.npmjs.org:8443", "registry.npmjs.org:8443"},
		{"https://npm.example.com:8443/repository/team/a/-/a-1.0.0.tgz", a, "https://npm.example.com:8443/repository/team", "npm.example.com:8443"},
		{"https://registry.yarnpkg.com/a/-/a-1.0.0.tgz#60a115014f3150f2effc9dc35e03161ce294c4d3", a, "https://registry.yarnpkg.com", "registry.yarnpkg.com"},
		{"https://npm.example.com/team/a/-/a-1.0.0.tgz#60A115014F3150F2EFFC9DC35E03161CE294C4D3", a, "https://npm.example.com/team", "npm.example.com"},
		{"https://10.0.0.5/a/-/a-1.0.0.tgz", a, "https://10.0.0.5", "10.0.0.5"},
		{"https://registry.npmjs.org/@s/b/-/b-1.0.0-rc.1+x.tgz", scoped, "https://registry.npmjs.org", "registry.npmjs.org"},
		{"https://registry.npmjs.org/@s%2fb/-/b-1.0.0-rc.1+x.tgz", scoped, "https://registry.npmjs.org", "registry.npmjs.org"},
		{"https://registry.npmjs.org/@s%2Fb/-/b-1.0.0-rc.1+x.tgz", scoped, "https://registry.npmjs.org", "registry.npmjs.org"},
		{"https://x.jfrog.io/api/npm/n/@s/b/-/@s/b-1.0.0-rc.1+x.tgz", scoped, "https://x.jfrog.io/api/npm/n", "x.jfrog.io"},

		{"", a, "", ""},
		{"https://registry.npmjs.org/a/-/a-1.0.1.tgz", a, "", ""},
		{"https://registry.npmjs.org/b/-/a-1.0.0.tgz", a, "", ""},
		{"https://registry.npmjs.org/a/-/b-1.0.0.tgz", a, "", ""},
		{"https://registry.npmjs.org/A/-/A-1.0.0.tgz", a, "", ""},
		{"https://registry.npmjs.org/x/a/-/a-1.0.0.tgz", a, "", ""},
		{"https://registry.npmjs.org/a/-/a-1.0.0.tgz/", a, "", ""},
		{"https://registry.npmjs.org//a/-/a-1.0.0.tgz", a, "", ""},
		{"https://registry.npmjs.org/xa/-/a-1.0.0.tgz", a, "", ""},
		{"https://npm.example.com/x/../a/-/a-1.0.0.tgz", a, "", ""},
		{"https://npm.example.com/x/%2e%2e/a/-/a-1.0.0.tgz", a, "", ""},
		{"https://npm.example.com/%61/-/a-1.0.0.tgz", a, "", ""},
		{"https://npm.example.com/x%2fa/-/a-1.0.0.tgz", a, "", ""},
		{"https://registry.npmjs.org/a/-/a-1.0.0.tgz?x", a, "", ""},
		{"https://registry.npmjs.org/a/-/a-1.0.0.tgz?", a, "", ""},
		{"https://registry.npmjs.org/a/-/a-1.0.0.tgz#", a, "", ""},
		{"https://registry.npmjs.org/a/-/a-1.0.0.tgz#60a115014f3150f2effc9dc35e03161ce294c4d", a, "", ""},
		{"https://registry.npmjs.org/a/-/a-1.0.0.tgz#60a115014f3150f2effc9dc35e03161ce294c4dg", a, "", ""},
		{"https://registry.npmjs.org/a/-/a-1.0.0.tgz#60a115014f3150f2effc9dc35e03161ce294c4d3#", a, "", ""},
		{"https://registry.npmjs.org/b/-/b-1.0.0.tgz#60a115014f3150f2effc9dc35e03161ce294c4d3", a, "", ""},
		{"http://registry.npmjs.org/a/-/a-1.0.0.tgz", a, "", ""},
		{"//registry.npmjs.org/a/-/a-1.0.0.tgz", a, "", ""},
		{"https:registry.npmjs.org/a/-/a-1.0.0.tgz", a, "", ""},
		{"https:///a/-/a-1.0.0.tgz", a, "", ""},
		{"https://u@registry.npmjs.org/a/-/a-1.0.0.tgz", a, "", ""},
		{"https://registry.npmjs.org@evil.example/a/-/a-1.0.0.tgz", a, "", ""},
		{`https://registry.npmjs.org\@evil.example/a/-/a-1.0.0.tgz`, a, "", ""},
		{"https://registry.npmjs.org./a/-/a-1.0.0.tgz", a, "", ""},
		{"https://.npmjs.org/a/-/a-1.0.0.tgz", a, "", ""},
		{"https://r\u0435gistry.npmjs.org/a/-/a-1.0.0.tgz", a, "", ""},
		{"https://registry.npmjs.org%2eevil.example/a/-/a-1.0.0.tgz", a, "", ""},
		{"https://registry.npmjs.org:/a/-/a-1.0.0.tgz", a, "", ""},
		{"https://registry.npmjs.org:0443/a/-/a-1.0.0.tgz", a, "", ""},
		{"https://registry.npmjs.org:99999/a/-/a-1.0.0.tgz", a, "", ""},
		{"https://[::1]/a/-/a-1.0.0.tgz", a, "", ""},
		{"https://registry.npmjs.org/a/-/a-1.0.0.tgz\nHost: evil.example", a, "", ""},
		{" https://registry.npmjs.org/a/-/a-1.0.0.tgz", a, "", ""},
		// The name and the version come out of the lockfile too.
		{"https://npm.example.com/evil/-/../a/-/a-1.0.0.tgz", npmPkg("../a", "1.0.0"), "", ""},
		{"https://npm.example.com/a/-/a-../../evil.tgz", npmPkg("a", "../../evil"), "", ""},
		{"https://npm.example.com//-/-1.0.0.tgz", npmPkg("", "1.0.0"), "", ""},
		{"https://npm.example.com/a/-/a-.tgz", npmPkg("a", ""), "", ""},
		{"https://npm.example.com/%61/-/%61-1.0.0.tgz", npmPkg("%61", "1.0.0"), "", ""},
	} {
		base, ok := RegistryBase(c.resolved, c.p)
		host, _, _ := strings.Cut(strings.TrimPrefix(base, "https://"), "/")
		if base != c.base || host != c.host || ok != (c.base != "") {
			t.Errorf("%q: %q, %q, %t", c.resolved, base, host, ok)
		}
	}
}

func FuzzRegistryBase(f *testing.F) {
	f.Add("https://registry.npmjs.org/a/-/a-1.0.0.tgz", "a", "1.0.0")
	f.Add("https://h:1/p/@s%2fa/-/a-1.tgz", "@s/a", "1")
	f.Add("https://h/a/-/a-1.tgz#60a115014f3150f2effc9dc35e03161ce294c4d3", "a", "1")
	f.Add(`https://registry.npmjs.org\@evil.example/a/-/a-1.0.0.tgz`, "a", "1.0.0")
	f.Fuzz(func(t *testing.T, resolved, name, version string) {
		p := npmPkg(name, version)
		base, ok := RegistryBase(resolved, p)
		if !ok {
			if base != "" {
				t.Errorf("%q is none and yet %q", resolved, base)
			}
			return
		}
		// What was accepted must be what a client fetches, whatever its reader of URLs.
		u, err := url.Parse(resolved)
		if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" && len(u.Fragment) != 40 || !strings.EqualFold(u.Scheme, "https") {
			t.Fatalf("%q was accepted", resolved)
		}
		if !strings.HasSuffix(u.Path, "/-/"+name[strings.LastIndexByte(name, '/')+1:]+"-"+version+".tgz") && !strings.HasSuffix(u.Path, "/-/"+name+"-"+version+".tgz") {
			t.Errorf("%q is not the tarball of %s", resolved, p.ID())
		}
		again, ok := RegistryBase(base+"/"+name+"/-/"+name[strings.LastIndexByte(name, '/')+1:]+"-"+version+".tgz", p)
		if !ok || again != base {
			t.Errorf("%q gives %q, and that gives %q", resolved, base, again)
		}
	})
}
