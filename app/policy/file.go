package policy

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/bonafide-app/bonafide/app/provenance"
)

// FileBuilder is who must have built a file.
type FileBuilder struct {
	IdentityPin
	// SignerRepository is where the reusable workflow is that signs for the builder,
	// "github.com/OWNER/NAME"; "" is the builder's own repository. What the job of a
	// reusable workflow does is up to whoever writes that one.
	SignerRepository string
}

// differs says in words in what an identity is not the one that is expected.
func (b FileBuilder) differs(i *provenance.Identity) []string {
	out := b.IdentityPin.differs(i)
	if !i.OfGitHub() {
		return append([]string{fmt.Sprintf("the issuer is %s, and must be GitHub Actions'", quote(i.Issuer))}, out...)
	}
	home := cmp.Or(b.SignerRepository, strings.TrimPrefix(i.Repository, "https://"))
	if !strings.HasPrefix(strings.ToLower(i.Signer), "https://"+repositoryName(home)+"/") {
		out = append(out, fmt.Sprintf("the signer is %s, and must be a workflow of %s", quote(i.Signer), quote(home)))
	}
	return out
}

// FileVerdict is what several bundles come to for one file.
type FileVerdict struct {
	Conclusion Conclusion // Success, Failure or ActionRequired
	// Chosen is the index of the bundle that it rests on: the first that proves what was asked
	// for, by a statement if there is one, else the one that tells most about why none does; -1 without bundles.
	Chosen int
	// Differs says, each completing a sentence, in what the builder is not the one that
	// was asked for.
	Differs []string
}

// JudgeFile holds what bundles prove of a file against who is expected to have built it.
// One that proves it is enough: a file may be attested several times, and about
// several things. A statement of a build goes before a bare signature.
func JudgeFile(all []provenance.FileEvidence, expected FileBuilder) FileVerdict {
	best, v := 0, FileVerdict{Conclusion: ActionRequired, Chosen: -1}
	for i, e := range all {
		now := FileVerdict{Conclusion: Failure, Chosen: i}
		rank := 0
		switch {
		case e.State == provenance.Verified && e.Identity != nil:
			now.Differs, rank = expected.differs(e.Identity), 4
			if len(now.Differs) == 0 {
				now.Conclusion, rank = Success, 5
			}
			if rank == 5 && !e.Signed {
				return now
			}
		case e.State == provenance.Invalid && e.OtherFile && !e.Unsupported:
			rank = 2
		case e.State == provenance.Invalid && !e.Unsupported:
			rank = 3
		default:
			now.Conclusion, rank = ActionRequired, 1
		}
		if rank > best {
			best, v = rank, now
		}
	}
	return v
}
