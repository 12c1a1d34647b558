package forge

import (
	"net/http"
	"slices"
	"strings"
)

// asPerson lets in who shows a token of a person that is valid.
func (s *Server) asPerson(route string, e endpoint) http.Handler {
	return s.serve(route, func(c *call) (reply, error) {
		raw := c.r.Header.Get("Authorization")
		name, found := strings.CutPrefix(raw, "Bearer ")
		if !found {
			name, found = strings.CutPrefix(raw, "token ")
		}
		if !found {
			return reply{}, &fail{status: http.StatusUnauthorized, message: "Requires authentication"}
		}
		t := c.personTokens[name]
		if t == nil || !t.expires.After(c.now()) {
			return reply{}, errCredentials
		}
		c.person = t.user
		return e(c)
	})
}

// asPersonOr is asPerson for who shows a person's token, by its beginning.
func (s *Server) asPersonOr(route string, e endpoint, other http.Handler) http.Handler {
	person := s.asPerson(route, e)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Authorization"), " ghu_") {
			person.ServeHTTP(w, r)
			return
		}
		other.ServeHTTP(w, r)
	})
}

// rank is what somebody may do in a repository, as a place in roles. Who owns it may all.
func (r *Repository) rank(u *user) int {
	if r.owner == u {
		return len(roles) - 1
	}
	return slices.Index(roles, r.role(u))
}

// readable says whether the App, for a person, reads a repository: both must be able to,
// but for what is public.
func (s *Server) readable(u *user, r *Repository) bool {
	return r.rank(u) >= 1 && (!r.private || s.installationOf(r) != nil)
}

func (c *call) repositoryForPerson(r *Repository) object {
	return c.withPermissions(c.ownRepositoryJSON(r), r)
}

// withPermissions says what the person may do in a repository.
func (c *call) withPermissions(o object, r *Repository) object {
	rank := r.rank(c.person)
	o["permissions"] = object{"pull": rank >= 1, "triage": rank >= 2, "push": rank >= 3, "maintain": rank >= 4, "admin": rank >= 5}
	return o
}

func getUser(c *call) (reply, error) {
	o := c.userJSON(c.person)
	o["user_view_type"] = "public"
	for _, unknown := range []string{"bio", "company", "email", "hireable", "location", "name"} {
		o[unknown] = nil
	}
	o["blog"], o["followers"], o["following"], o["public_gists"], o["public_repos"] = "", 0, 0, 0, 0
	o["created_at"], o["updated_at"] = stampJSON(c.app.created), stampJSON(c.app.created)
	return ok(o)
}

// getRepositoryOfPerson answers 404 for what the person may not read, and for what is not
// there.
func getRepositoryOfPerson(c *call) (reply, error) {
	r := c.repository(c.r.PathValue("owner"), c.r.PathValue("repo"))
	if r == nil || !c.readable(c.person, r) {
		return reply{}, errMissing
	}
	return ok(c.withPermissions(c.fullRepositoryJSON(r), r))
}

// ofPerson lists what an installation covers and the person may read explicitly: that
// something is public is not enough.
func (c *call) ofPerson(in *Installation) []*Repository {
	var all []*Repository
	for _, r := range in.covered() {
		if r.owner == c.person || r.people[strings.ToLower(c.person.login)] != "" && r.rank(c.person) >= 1 {
			all = append(all, r)
		}
	}
	return all
}

func (c *call) installationsOfPerson() []*Installation {
	var all []*Installation
	for _, in := range c.installations {
		if in.account == c.person || len(c.ofPerson(in)) > 0 {
			all = append(all, in)
		}
	}
	return all
}

func listInstallationsOfPerson(c *call) (reply, error) {
	all := c.installationsOfPerson()
	list, header := page(c, all)
	return reply{status: http.StatusOK, header: header, body: object{"total_count": len(all), "installations": shapes(list, c.installationJSON)}}, nil
}

func listRepositoriesOfPerson(c *call) (reply, error) {
	in, err := c.installationAsked()
	if err != nil {
		return reply{}, err
	}
	if !slices.Contains(c.installationsOfPerson(), in) {
		return reply{}, errMissing
	}
	all := c.ofPerson(in)
	list, header := page(c, all)
	return reply{status: http.StatusOK, header: header, body: object{"total_count": len(all), "repository_selection": "selected", "repositories": shapes(list, c.repositoryForPerson)}}, nil
}
