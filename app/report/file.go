package report

import (
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// File is what was found out about a released file. All strings are unescaped.
type File struct {
	At       time.Time
	Digests  provenance.FileDigests
	Expected policy.FileBuilder
	Evidence []provenance.FileEvidence // of each bundle, in their order
	Verdict  policy.FileVerdict
}

// evidence is that of the bundle which the verdict rests on.
func (f File) evidence() provenance.FileEvidence {
	if i := f.Verdict.Chosen; i >= 0 && i < len(f.Evidence) {
		return f.Evidence[i]
	}
	return provenance.FileEvidence{File: f.Digests.SHA256, Provenance: provenance.Provenance{
		Check: provenance.Check{State: provenance.Unknown, Reason: "No bundle was given."}}}
}

// FileTable writes what proves where a file comes from, link by link, for a terminal.
func FileTable(w io.Writer, f File, o TableOptions) error {
	t := terminal{width: o.Width, color: o.Color}
	t.folded(Terminal(f.Digests.Name), "")
	t.WriteString("\n")
	links := FileChain(f)
	for i, l := range links {
		t.link(l, i == len(links)-1)
	}
	t.WriteString("\n")
	for i, e := range f.Evidence {
		if i != f.Verdict.Chosen && i < maxOtherBundles {
			t.folded(fmt.Sprintf("also in the file of bundles: %s", Terminal(otherBundle(i, e))), "")
		}
	}
	if n := len(f.Evidence) - maxOtherBundles; n > 0 {
		t.folded(fmt.Sprintf("also in the file of bundles: %d more", n), "")
	}
	word, tint := "failed", bad
	switch f.Verdict.Conclusion {
	case policy.Success:
		word, tint = "passed", good
	case policy.ActionRequired:
		word, tint = "not verified", doubt
	}
	t.headed(word, tint, ": "+f.title())
	if _, err := io.WriteString(w, t.String()); err != nil {
		return fmt.Errorf("write what is known of the file: %w", err)
	}
	return nil
}

// otherBundle says what came of a bundle that the verdict does not rest on.
func otherBundle(i int, e provenance.FileEvidence) string {
	said := e.Reason
	if e.State == provenance.Verified && e.Identity != nil {
		said = "verified, built by " + e.Identity.Repository + "."
	}
	return "bundle " + strconv.Itoa(i+1) + ": " + said
}

// title is the outcome in one line, harmless for a terminal.
func (f File) title() string {
	e := f.evidence()
	switch {
	case e.State == provenance.Verified && len(f.Verdict.Differs) > 0:
		return "the builder is not the one that you expected: " + Terminal(strings.Join(f.Verdict.Differs, "; ")) + "."
	case e.State == provenance.Verified && e.Signed:
		return fmt.Sprintf("signed by a workflow of %s at commit %s. How it was built is not proven.", termName(e.Identity.Repository), termName(e.Identity.Commit))
	case e.State == provenance.Verified:
		return fmt.Sprintf("provenance verified: built by %s from commit %s.", termName(e.Identity.Repository), termName(e.Identity.Commit))
	case e.OtherFile:
		return "this file is not the one that was attested."
	case e.State == provenance.Invalid:
		return "the attestation does not hold."
	case e.State == provenance.Absent:
		return "nothing in this bundle proves who built the file."
	}
	return "who built the file could not be found out."
}

// FileChain is how a file came from its source, link by link.
func FileChain(f File) []Link {
	e := f.evidence()
	if e.State != provenance.Verified || e.Identity == nil {
		l := linkOf(built, e.Check)
		if e.OtherFile {
			l.Reason = "The attestation is about other bytes, see below."
		}
		l.say("What it names is not shown: nothing of it is proven of this file.")
		return []Link{l, f.fileLink()}
	}
	links := identityLinks(e.Provenance)
	commit, run, certificate, entry := &links[0], &links[1], &links[2], &links[3]
	commit.add(Fact{"repo id", e.Identity.RepositoryID, ""}, Fact{"owner id", e.Identity.OwnerID, ""}, Fact{"visibility", e.Identity.Visibility, ""})
	if strings.HasPrefix(e.Identity.Ref, "refs/pull/") {
		commit.say("The ref is a pull request's: nothing says that it was merged.")
	}
	if e.Signed {
		commit.say("It is the commit at which the workflow ran that signed the file; nothing says that the file was made from it.")
		run.Says = []string{"rests on: the certificate below, which names it; not on an answer of the build service. There is no statement of a build: the workflow signed the file, and may have got it from elsewhere."}
	}
	if e.Identity.Runner == "self-hosted" {
		run.say("It ran on a machine of the project's own (self-hosted), which earlier jobs may have changed.")
	}
	if e.Log == nil {
		*entry = linkOf("timestamp", e.Check, Fact{"signed", stamp(e.SignedAt), ""})
		entry.say("rests on: a timestamp authority of the trusted root you gave, which names no transparency log: nobody can look up who else was given such a certificate.")
		certificate.Says = []string{"rests on: a certificate authority of the trusted root you gave, which issued it for an OIDC token of the issuer above; and the signature that it made over the file's digest."}
	}
	return append(links, f.expectedLink(), f.fileLink())
}

// expectedLink holds the builder against the one that was asked for.
func (f File) expectedLink() Link {
	c := provenance.Check{State: provenance.Verified}
	if len(f.Verdict.Differs) > 0 {
		c = provenance.Check{State: provenance.Invalid, Reason: upperFirst(strings.Join(f.Verdict.Differs, "; ")) + "."}
	}
	l := linkOf("expected builder", c,
		Fact{"repository", f.Expected.Repository, ""}, Fact{"workflow", f.Expected.Workflow, ""}, Fact{"ref", f.Expected.Ref, ""}, Fact{"signer of", f.Expected.SignerRepository, ""})
	if f.Expected.Ref == "" && l.State == string(provenance.Verified) {
		l.say("Any ref of the repository is taken, a branch of anybody who may push there, too: --ref narrows it.")
	}
	if id := f.evidence().Identity; !strings.HasPrefix(strings.ToLower(id.Signer), strings.ToLower(id.Repository)+"/") {
		l.say("A reusable workflow of another repository signed it, and what that does is up to whoever writes it: --signer-repo OWNER/NAME says whose is taken.")
	}
	return l
}

// fileLink ties what was attested to the file that is there.
func (f File) fileLink() Link {
	e := f.evidence()
	c := e.Check
	if c.State != provenance.Verified && !e.OtherFile {
		c.Reason = "Nothing above ties it to a source."
	}
	l := linkOf("your file", c, Fact{"name", f.Digests.Name, ""}, Fact{"size", strconv.FormatInt(f.Digests.Size, 10) + " bytes", ""}, Fact{"digest", plainDigest(e.File), ""})
	switch {
	case e.OtherFile:
		l.add(Fact{"attested", plainDigest(e.Attested), ""}, Fact{"attested as", e.Subject, ""})
	case c.State != provenance.Verified:
	case e.Signed:
		l.say("rests on: its digest, which is the one that was signed.")
	default:
		l.add(Fact{"attested as", e.Subject, ""})
		l.say("rests on: its digest, which is that of " + plainSubject(e.Subjects) + " of the signed statement.")
		if e.Subject != "" && path.Base(e.Subject) != f.Digests.Name {
			l.say("It was attested under another name: make sure that it is the version and the platform that you mean.")
		}
	}
	return l
}

// plainDigest is a digest as sha256sum and its like print it, "" for none.
func plainDigest(d dep.Digest) string {
	if d.Hex == "" {
		return ""
	}
	return d.Algorithm + ":" + d.Hex
}

func plainSubject(n int) string {
	if n == 1 {
		return "the one subject"
	}
	return fmt.Sprintf("one of the %d subjects", n)
}
