package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// Link is one link of a release's chain, from the source to the lockfile. All strings are
// unescaped.
type Link struct {
	Name   string // "source commit", "workflow run", "certificate", "log entry", "registry", "your lockfile"; together as one where they fall together
	State  string // verified, absent, invalid, unknown
	Reason string // one sentence, set where it is not verified
	Facts  []Fact
	Says   []string // sentences: what it rests on, and what else is to be known
}

// Fact is a named value of a link, to be copied. Address is where it can be looked at, of a
// shape that was checked, "" for nowhere.
type Fact struct{ Name, Value, Address string }

// built names the links that a verified provenance proves together, and that fall
// together with it.
const built = "source commit → workflow run → certificate → log entry"

// ChainOf is how a release came from its source to the lockfile, link by link.
func ChainOf(p Package) []Link {
	if p.NotLookedUp != "" {
		p.NotLookedUp = "It " + p.NotLookedUp + "."
	}
	return append(builtLinks(p), registryLink(p), lockfileLink(p))
}

// Before is the version that was replaced, to stand beside the one that replaces it; ok is
// false where nothing is known of one.
func Before(p Package) (was Package, ok bool) {
	if p.Replaced == nil {
		return Package{}, false
	}
	integrity := p.Replaced.Digest.Lockfile
	return Package{
		Entry: dep.Entry{
			Package: p.Replaced.Package, Lockfile: p.Entry.Lockfile, Source: dep.Registry,
			Integrity: integrity, Digests: digestsOf(integrity, false),
		},
		Occurrences: 1, Evidence: *p.Replaced,
	}, true
}

// chains draws how each release came from its source to the lockfile, and says what
// every link rests on.
func (t *terminal) chains(r Report) {
	for _, p := range r.Packages {
		t.folded(Terminal(p.Entry.Package.String()), "")
		t.WriteString("\n")
		links := ChainOf(p)
		for i, l := range links {
			t.link(l, i == len(links)-1)
		}
		t.WriteString("\n  trust: " + string(p.trust()) + "\n\n")
	}
}

// link draws one link, and the way to the next one: dotted where it does not hold.
func (t *terminal) link(l Link, last bool) {
	mark, spine, next := "●", "  │   ", "  ▼\n"
	word, state := l.State, provenance.State(l.State)
	switch state {
	case provenance.Absent:
		mark, word = "○", "none"
	case provenance.Invalid:
		mark = "✗"
	case provenance.Unknown:
		mark = "?"
	}
	if state != provenance.Verified {
		spine, next = "  ┆   ", "  ┆\n"
	}
	if last {
		spine, next = "      ", ""
	}
	t.WriteString("  " + t.paint(mark, stateTint(word)) + " " + l.Name + ": " + t.paint(word, stateTint(word)) + "\n")
	for _, f := range l.Facts {
		t.WriteString(spine + fmt.Sprintf("%-12s%s", f.Name, Terminal(f.Value)) + "\n") // never wrapped
	}
	switch {
	case state == provenance.Invalid:
		t.folded("✗ breaks here: "+Terminal(l.Reason), spine)
	case l.Reason != "":
		t.folded(Terminal(l.Reason), spine)
	}
	for _, s := range l.Says {
		t.folded(Visible(s), spine)
	}
	t.WriteString(next)
}

// linkOf begins a link.
func linkOf(name string, c provenance.Check, facts ...Fact) Link {
	l := Link{Name: name}
	l.is(c)
	l.add(facts...)
	return l
}

func (l *Link) is(c provenance.Check) { l.State, l.Reason = string(c.State), c.Reason }

// add adds facts that have a value.
func (l *Link) add(facts ...Fact) {
	for _, f := range facts {
		if f.Value != "" {
			l.Facts = append(l.Facts, f)
		}
	}
}

func (l *Link) say(sentence string) { l.Says = append(l.Says, sentence) }

// builtLinks are the links that the build provenance proves. What a certificate names
// is shown only where all of it was verified.
func builtLinks(p Package) []Link {
	e, c := p.Evidence, p.provenance()
	id := e.Provenance.Identity
	if c.State == provenance.Verified && id == nil {
		c = provenance.Check{State: provenance.Unknown, Reason: "Who built it was not recorded."}
	}
	if c.State != provenance.Verified {
		l := linkOf(built, c)
		switch {
		case c.State == provenance.Invalid:
			l.say("What it names is not shown: nothing of it is proven.")
		case c.State == provenance.Absent && p.NotLookedUp == "":
			l.say("What is missing: anything that proves who built this release, and from which source.")
		}
		return []Link{l}
	}
	return identityLinks(e.Provenance)
}

// identityLinks are the links that a verified provenance proves.
func identityLinks(p provenance.Provenance) []Link {
	id, c := p.Identity, p.Check
	links := linksOf(*id)
	commit := linkOf("source commit", c,
		Fact{"repository", id.Repository, links.repository}, Fact{"commit", id.Commit, links.commit}, Fact{"ref", id.Ref, ""})
	commit.say("rests on: the certificate below, which names it; not on an answer of the repository.")
	run := linkOf("workflow run", c,
		Fact{"workflow", id.Workflow, links.workflow}, Fact{"trigger", id.Trigger, ""}, Fact{"runner", id.Runner, ""},
		Fact{"run", id.Run, links.run}, Fact{"statement", p.PredicateType, ""})
	run.say("rests on: the certificate below, which names it, and the signed build statement, which does not contradict it; not on an answer of the build service.")
	if id.Run == "" {
		run.say("The certificate does not say which run it was.")
	}
	certificate := linkOf("certificate", c, Fact{"signer", id.Signer, ""}, Fact{"issuer", id.Issuer, ""})
	certificate.say("rests on: a certificate authority (Fulcio) of the trusted root, which issued it for an OIDC token of the issuer above; its timestamp (SCT) of a certificate transparency log; and the signature that it made over the release's digest.")
	entry := linkOf("log entry", c, logFacts(p.Log)...)
	entry.say("rests on: the key of the transparency log (Rekor) in the trusted root, which signed that it holds this signing: inclusion proof and checkpoint, in the oldest bundles its signed promise.")
	return []Link{commit, run, certificate, entry}
}

// registryLink is what the registry vouches for.
func registryLink(p Package) Link {
	e, signature := p.Evidence, p.signature()
	l := linkOf("registry", signature)
	if signature.State == provenance.Verified {
		valid := "has not expired"
		if e.Signature.DateSource != "" {
			valid = "was valid when the release was published"
		}
		l.add(Fact{"key", e.Signature.KeyID, ""}, Fact{"dated by", e.Signature.DateSource, ""})
		l.say("rests on: its signature over name, version and digest, with one of the known registry keys, which " + valid + ".")
	}
	l.add(Fact{"digest", e.Digest.Registry, ""})
	switch c := p.publish(); {
	case p.NotLookedUp != "":
	case c.State == provenance.Verified:
		l.add(Fact{"published", "attested with the key " + e.Publish.KeyID, ""})
		l.add(logFacts(e.Publish.Log)...)
		l.say("Its publish attestation, signed and in the transparency log, is for this name and version.")
	case c.State == provenance.Absent && e.Release != nil:
		l.say(strings.TrimRight("publish attestation: none. "+unlessSaid(c.Reason, p.provenance().Reason), " "))
	case signature.State == provenance.Verified || signature.State == provenance.Absent: // what is worse is the state of the link
		if signature.State == provenance.Absent {
			l.say("signature: none. " + clip(signature.Reason, MaxSentenceChars))
		}
		if l.is(c); c.State == provenance.Unknown {
			l.say("Its publish attestation could not be looked at.")
		}
	}
	if c := p.digest(); c.State == provenance.Invalid && (e.Digest.Differs == "registry" || !hasLockfile(p)) && l.State != string(provenance.Invalid) {
		l.is(c)
		l.add(Fact{"attested", e.Digest.Attested, ""})
	} else if c.State == provenance.Verified && !hasLockfile(p) {
		l.say("The attested digest is the registry's.")
	}
	if p.trust() == provenance.TrustTrustedPublisher {
		l.say("trusted publisher: the registry says that " + clip(e.Release.Publisher.TrustedPublisher, MaxNameChars) + " published it, without a stored token.")
	}
	if e.Staged() {
		l.say("approved by a person: the registry says that " + clip(e.Release.Publisher.Approver, MaxNameChars) + " approved the publication.")
	}
	return l
}

// hasLockfile says whether a digest of a lockfile was given.
func hasLockfile(p Package) bool { return len(p.Entry.Digests) > 0 }

// lockfileLink ties the release to what gets installed.
func lockfileLink(p Package) Link {
	d, c := p.Evidence.Digest, p.digest()
	switch {
	case hasLockfile(p):
	case p.Entry.Lockfile != "": // the state says what it lacks
		return linkOf("your lockfile", c)
	default:
		return linkOf("your lockfile", provenance.Check{State: provenance.Absent, Reason: "No lockfile digest was given: nothing ties this release to what you install. Give the one that your lockfile has: --integrity sha512-…"})
	}
	l := linkOf("your lockfile", c, Fact{"digest", dep.Strongest(p.Entry.Digests).SRI(), ""})
	switch {
	case c.State == provenance.Invalid && d.Differs == "registry":
		l.Reason = "The registry states another digest, see above."
	case c.State == provenance.Invalid:
		l.add(Fact{"registry", d.Registry, ""}, Fact{"attested", d.Attested, ""})
		l.say("What stands above is not proven of the bytes that this digest allows, as long as the digests differ.")
	case c.State != provenance.Verified:
	case d.Attested == "":
		l.say("rests on: its digest, which is the registry's. There is no attested one.")
	case d.Attested == d.Lockfile:
		l.say("rests on: its digest, which is the registry's and the attested one.")
	default:
		l.say("rests on: its digest, which is the registry's. The attested one, of another kind, is the registry's, too.")
	}
	return l
}

// unlessSaid is a reason, "" where it was given already.
func unlessSaid(reason, before string) string {
	if reason == before {
		return ""
	}
	return clip(reason, MaxSentenceChars)
}

func logFacts(l *provenance.Log) []Fact {
	if l == nil {
		return nil
	}
	return []Fact{{"log index", strconv.FormatInt(l.Index, 10), ""}, {"logged", l.Time.UTC().Format(time.RFC3339), ""}}
}

// folded writes s, which is harmless by now, as wide as fits and with every line
// indented. A word that is too wide, such as a digest, stays whole: it is to be copied.
func (t *terminal) folded(s, indent string) {
	line := ""
	for word := range strings.FieldsSeq(s) {
		switch {
		case line == "":
			line = word
		case t.width > 0 && cellsOf(indent+line+" "+word) > t.width:
			t.WriteString(indent + line + "\n")
			line = word
		default:
			line += " " + word
		}
	}
	t.WriteString(strings.TrimRight(indent+line, " ") + "\n")
}
