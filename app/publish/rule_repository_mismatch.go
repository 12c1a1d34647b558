package publish

import (
	"path"
	"strings"
)

// repositoryMismatch: npm compares the repository that package.json names with the one
// that the provenance proves, and refuses the package where they differ (E422).
func repositoryMismatch(w *way) []Finding {
	if w.Registry != "npm" || !w.canProve() {
		return nil
	}
	severity := Error
	if w.Provenance != Yes {
		severity = Warning // it fails from the day on which there is provenance
	}
	here := strings.TrimPrefix(w.repository.facts.Repository, "github.com/")
	var list []Finding
	for _, m := range w.packages {
		seen := true
		once(&w.repository.memo.judged, judgement{m, severity}, func() bool { seen = false; return true })
		if seen || m.private() || m.Access.Value == "restricted" {
			continue
		}
		var f Finding
		stated, host, ok := repositoryOf(m.Repository.Value)
		switch {
		case !m.Repository.stated():
			p := m.Name.place
			if !p.stated() {
				p = place{File: m.File, Line: 1, End: 1}
			}
			f = found(severity, p, "package.json names no repository.")
		case here == "" || dynamic(m.Repository.Value):
			continue
		case ok && host == "github.com" && stated == here:
			continue
		case ok && host == "github.com" && strings.EqualFold(stated, here):
			f = found(severity, m.Repository.place, "package.json writes the repository in other letters than GitHub: %s, and not %s.", quoted(stated), quoted(here))
		default:
			f = found(severity, m.Repository.place, "package.json names another repository than this one, %s: %s.", quoted(here), quoted(m.Repository.Value))
		}
		f.Why = "npm compares it, letter by letter, with the repository that the provenance proves, and refuses the package where they differ (E422)."
		f.Help = "Name the repository in which the workflow runs."
		if here != "" {
			f.Help = "Write `\"url\": \"" + gitURL(here) + "\"` in \"repository\"."
			f.Edits = w.repository.nameRepository(m, here)
		}
		f.Source = docsE422
		list = append(list, f)
	}
	return list
}

func gitURL(repository string) string { return "git+https://github.com/" + repository + ".git" }

// nameRepository writes the repository into a package.json.
func (r *repository) nameRepository(m *manifest, here string) []Edit {
	sheet, d := r.packageFile(m)
	if d == nil {
		return nil
	}
	old := d.get(d.root, "repository")
	if old.value == nil {
		indent := "  "
		if list := d.members(d.root); len(list) > 0 {
			indent = sheet.indentOf(list[0].Line)
		}
		value := "{\n" + indent + indent + `"type": "git",` + "\n" + indent + indent + `"url": ` + jsonString(gitURL(here))
		if dir := path.Dir(m.File); dir != "." {
			value += ",\n" + indent + indent + `"directory": ` + jsonString(dir)
		}
		return sheet.setJSON(d, value+"\n"+indent+"}", "repository")
	}
	// Only the address changes, in the form that is there.
	line := sheet.line(m.Repository.Line)
	quotedOld, quotedNew := jsonString(m.Repository.Value), jsonString(gitURL(here))
	if m.Repository.Line != m.Repository.End || strings.Count(line, quotedOld) != 1 {
		return nil
	}
	at := strings.LastIndex(line, quotedOld) // what stands before may overlap it: "url":":"
	return sheet.replace(m.Repository.Line, line[:at]+quotedNew+line[at+len(quotedOld):])
}

// repositoryOf reads the forms in which package.json names a repository: an address
// with any scheme, "git@host:owner/name", and the short forms "owner/name",
// "github:owner/name" (https://docs.npmjs.com/cli/v11/configuring-npm/package-json#repository).
func repositoryOf(s string) (name, host string, ok bool) {
	s = strings.TrimSpace(s)
	rest := s
	if scheme, after, found := strings.Cut(s, "://"); found {
		if strings.Contains(scheme, "/") {
			return "", "", false
		}
		rest = after
		if i := strings.IndexAny(rest, "/:"); i >= 0 && strings.Contains(rest[:i], "@") {
			rest = rest[strings.LastIndexByte(rest[:i], '@')+1:]
		} else if at := strings.IndexByte(rest, '@'); at >= 0 && at < strings.IndexByte(rest+"/", '/') {
			rest = rest[at+1:] // user:password@host
		}
		host, rest, found = strings.Cut(rest, "/")
		if h, owner, colon := strings.Cut(host, ":"); colon {
			host = h
			if !digits(owner) { // ssh://git@github.com:owner/name
				rest = owner + "/" + rest
			}
		}
		if !found {
			return "", "", false
		}
	} else if user, after, found := strings.Cut(s, "@"); found && !strings.ContainsAny(user, "/:") {
		if host, rest, found = strings.Cut(after, ":"); !found {
			return "", "", false
		}
	} else if short, after, found := strings.Cut(s, ":"); found {
		switch short {
		case "github":
			host = "github.com"
		case "gitlab":
			host = "gitlab.com"
		case "bitbucket":
			host = "bitbucket.org"
		case "gist":
			host = "gist.github.com"
		default:
			return "", "", false
		}
		rest = after
	} else {
		host = "github.com" // owner/name
	}
	rest, _, _ = strings.Cut(rest, "#")
	rest, _, _ = strings.Cut(rest, "?")
	parts := strings.Split(strings.Trim(rest, "/"), "/")
	if len(parts) < 2 || parts[0] == "" || parts[1] == "" {
		return "", strings.ToLower(host), false
	}
	host = strings.TrimPrefix(strings.ToLower(host), "www.")
	return parts[0] + "/" + strings.TrimSuffix(parts[1], ".git"), host, true
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
