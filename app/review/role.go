package review

import (
	"slices"

	"github.com/bonafide-app/bonafide/app/policy"
)

// Role is what somebody may do in a repository, in GitHub's order. A role of an
// organisation's own making counts as what it includes.
// https://docs.github.com/en/organizations/managing-user-access-to-your-organizations-repositories/managing-repository-roles/repository-roles-for-an-organization
type Role int

// The roles.
const (
	NoRole Role = iota
	ReadRole
	TriageRole
	WriteRole
	MaintainRole
	AdminRole
)

var roles = [...]string{"none", "read", "triage", "write", "maintain", "admin"}

func (r Role) String() string {
	if r < NoRole || r > AdminRole {
		return roles[NoRole]
	}
	return roles[r]
}

// RoleOf reads what Role.String writes; anything else is no role.
func RoleOf(name string) Role { return Role(max(0, slices.Index(roles[:], name))) }

// needed is the role that a policy's accept.by names. ok is false where nobody's is enough.
func needed(p policy.Policy) (role Role, ok bool) {
	role = RoleOf(p.AcceptBy)
	return role, role >= WriteRole
}
