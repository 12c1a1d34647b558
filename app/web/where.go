package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/package-url/packageurl-go"

	"github.com/bonafide-app/bonafide/app/access"
	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/store"
)

// useAnswer says where a package is used.
type useAnswer struct {
	Package    string // "npm:left-pad@1.3.0", "npm:left-pad"
	Sentence   string
	Any        string // address of the same question without a version; "" where none was asked for
	Rows       []useRow
	Paging     paging
	Incomplete bool // there are more than can be looked through
}

type useRow struct {
	Owner, Name, At string
	Version         string
	holdingRow
}

// where answers where a package is used, in the repositories that the viewer may read.
func (p *Pages) where(r *http.Request, owned []access.Repository, page *organisationPage) error {
	asked, wrong := wanted(page.Asked)
	page.Asked = legible(page.Asked, maxAsked)
	if wrong != "" {
		page.Refused = legible(wrong, maxSaid)
		return nil
	}
	uses, err := p.Store.Users(r.Context(), owned[0].Owner, string(asked.Ecosystem), asked.Name, asked.Version, maxUses)
	if err != nil {
		return err
	}
	readable := make(map[int64]access.Repository, len(owned))
	for _, o := range owned {
		readable[o.ID] = o
	}
	incomplete := len(uses) >= maxUses
	kept, repositories, versions := uses[:0], make(map[int64]bool), make(map[string]bool)
	for _, u := range uses {
		o, ok := readable[u.ID]
		if !ok || o.Installation != 0 && o.Installation != u.Installation {
			continue
		}
		kept = append(kept, u)
		repositories[u.ID], versions[u.Version] = true, true
	}
	slices.SortStableFunc(kept, func(a, b store.Use) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Repository.Name), strings.ToLower(b.Repository.Name)),
			cmp.Compare(a.Version, b.Version), cmp.Compare(a.Lockfile, b.Lockfile))
	})
	shownAs := legible(asked.String(), maxShown)
	out := &useAnswer{Package: shownAs, Incomplete: incomplete}
	switch {
	case len(kept) == 0 && asked.Version != "":
		out.Sentence = shownAs + " is used in none of the default branches that you may read."
	case len(kept) == 0:
		out.Sentence = "No version of " + shownAs + " is used in the default branches that you may read."
	case asked.Version != "":
		out.Sentence = shownAs + " is used in " + several(len(repositories), "repository", "repositories") + "."
	default:
		out.Sentence = shownAs + " is used in " + several(len(repositories), "repository", "repositories") + ", in " + several(len(versions), "version", "versions") + "."
	}
	question := func(of dep.Package, page int) string {
		query := url.Values{"package": {of.String()}}
		if page > 1 {
			query.Set("page", strconv.Itoa(page))
		}
		return Addresses("").Owner(owned[0].Owner) + "?" + query.Encode()
	}
	if asked.Version != "" {
		out.Any = question(dep.Package{Ecosystem: asked.Ecosystem, Name: asked.Name}, 1)
	}
	rows, pages := paged(kept, r.URL.Query(), func(n int) string { return question(asked, n) })
	out.Paging = pages
	for _, u := range rows {
		out.Rows = append(out.Rows, useRow{
			Owner: legible(u.Owner, maxShown), Name: legible(u.Repository.Name, maxShown), At: Addresses("").Repository(u.Owner, u.Repository.Name),
			Version: legible(u.Version, maxShown), holdingRow: p.holding(u.Repository, u.Holding),
		})
	}
	page.Answer = out
	return nil
}

// wanted reads a package that is asked for: "npm:NAME@VERSION", "NAME@VERSION", either without
// its version, or a package URL. Only what can be in a lockfile is asked of the store; for all
// else, wrong is a sentence that says why.
func wanted(s string) (p dep.Package, wrong string) {
	if len(s) > maxAsked {
		return dep.Package{}, fmt.Sprintf("That is longer than a package's name and version can be (%d characters).", maxAsked)
	}
	if p, wrong = parseWanted(s); wrong != "" {
		return dep.Package{}, wrong
	}
	switch p.Ecosystem {
	case dep.NPM, dep.JSR:
	case "":
		return dep.Package{}, "Before the colon stands where a package comes from, npm or jsr: npm:NAME@VERSION."
	default:
		return dep.Package{}, fmt.Sprintf("Packages of %q are not read yet, only those of npm and jsr.", legible(string(p.Ecosystem), maxShown))
	}
	if p.Name == "" {
		return dep.Package{}, "There is no name in it. Write npm:NAME or npm:NAME@VERSION."
	}
	if err := registry.ValidName(p.Name); err != nil {
		return dep.Package{}, "No package can have this name: " + err.Error() + "."
	}
	if p.Version != "" {
		if strings.ContainsAny(p.Version, "^~<>=|* ") {
			return dep.Package{}, "A range of versions cannot be asked for. Name one version, or none for all of them."
		}
		if err := registry.ValidVersion(p.Version); err != nil {
			return dep.Package{}, "No package can have this version: " + err.Error() + "."
		}
	}
	return p, ""
}

func parseWanted(s string) (p dep.Package, wrong string) {
	if strings.HasPrefix(s, "pkg:") {
		u, err := packageurl.FromString(s)
		if err != nil {
			return dep.Package{}, "This is no package URL: " + err.Error() + "."
		}
		if len(u.Qualifiers) > 0 || u.Subpath != "" {
			return dep.Package{}, "Only a name and a version can be asked for: leave out what follows ? and #."
		}
		name := u.Name
		if u.Namespace != "" {
			name = u.Namespace + "/" + u.Name
		}
		return dep.Package{Ecosystem: dep.Ecosystem(u.Type), Name: name, Version: u.Version}, ""
	}
	p = dep.Package{Ecosystem: dep.NPM, Name: s}
	if before, after, ok := strings.Cut(s, ":"); ok {
		p.Ecosystem, p.Name = dep.Ecosystem(strings.ToLower(before)), after
	}
	if at := strings.LastIndexByte(p.Name, '@'); at > 0 {
		p.Name, p.Version = p.Name[:at], p.Name[at+1:]
		if p.Version == "" {
			return dep.Package{}, "There is no version after the @. Write npm:NAME@VERSION, or leave the @ out."
		}
	}
	return p, ""
}
