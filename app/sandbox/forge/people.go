package forge

import (
	"net/http"
	"slices"
	"strings"
)

// roles are GitHub's, from the least to the most.
var roles = []string{"none", "read", "triage", "write", "maintain", "admin"}

// Grant gives a person a role in the repository: read, triage, write, maintain or
// admin; none takes it away. Nobody has one without, but everybody reads what is public.
func (r *Repository) Grant(login, role string) {
	s := r.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(roles, role) {
		panic("a role that GitHub does not have: " + role)
	}
	if r.people == nil {
		r.people = map[string]string{}
	}
	r.people[strings.ToLower(login)] = role
}

func (r *Repository) role(u *user) string {
	switch role := r.people[strings.ToLower(u.login)]; {
	case role != "":
		return role
	case !r.private && u.kind == "User":
		return "read"
	}
	return "none"
}

// getPermission answers what somebody may do. The permission knows four words only.
func getPermission(c *call) (reply, error) {
	u := c.users[strings.ToLower(c.r.PathValue("login"))]
	if u == nil {
		return reply{}, errMissing
	}
	role := c.repo.role(u)
	rank := slices.Index(roles, role)
	permission := map[string]string{"none": "none", "read": "read", "triage": "read", "write": "write", "maintain": "write", "admin": "admin"}[role]
	shown := c.userJSON(u)
	shown["role_name"] = role
	shown["permissions"] = object{"pull": rank >= 1, "triage": rank >= 2, "push": rank >= 3, "maintain": rank >= 4, "admin": rank >= 5}
	return reply{status: http.StatusOK, body: object{"permission": permission, "role_name": role, "user": shown}}, nil
}
