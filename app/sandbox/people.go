package sandbox

import "github.com/bonafide-app/bonafide/app/sandbox/forge"

// The people of the sandbox, who sign in without a password. The repository of the
// incidents is private.
const (
	Maintainer = "ada-maintains" // admin of both repositories
	Reader     = "rui-reads"     // reads both
	Stranger   = "sam-elsewhere" // reads what is public, like everybody
)

// invite gives the people what they may do in a repository.
func (w *World) invite(repo *forge.Repository) {
	repo.Grant(Maintainer, "admin")
	repo.Grant(Reader, "read")
	for _, login := range []string{Maintainer, Reader, Stranger} {
		w.GitHub.AddPerson(login)
	}
}
