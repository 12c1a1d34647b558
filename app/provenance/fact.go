package provenance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/registry"
)

// outcome is a fact: what a verification came to that need not be done again: what is cryptography in
// it, and what the registry had to be asked for. Everything else of an Evidence follows from
// the version document and the lockfile, and is worked out anew each time.
//
// Facts are final: verified, or an absence that the registry did not announce otherwise.
// What is unknown or invalid is no fact, nor is a release that is gone.
type outcome struct {
	// Void says that nothing that was kept counts any more, attestations neither: the
	// registry was asked, and does not have what proved it, or has something else.
	Void     bool   `json:"void,omitempty"`
	Trust    string `json:"trust"` // TrustRoot.ID under which it was verified
	Revision int    `json:"revision"`
	// Until is when a key ends under which the signature was accepted without a date of
	// publication, Unix, s: from then on it needs one. 0: never.
	Until     int64     `json:"until,omitempty"`
	Signature Signature `json:"signature"` // where the release has one
	Attested  *attests  `json:"attested,omitempty"`
}

// attests is what the attestations of a release prove, nil where it announces none.
type attests struct {
	Publish    Publish    `json:"publish"`
	Provenance Provenance `json:"provenance"`
	Digest     dep.Digest `json:"digest"`
}

// factShape makes what is read again the same as what was written.
var factShape = json.JoinOptions(json.FormatNilSliceAsNull(true), json.OmitZeroStructFields(true))

// documentShape takes documents that say the same for the same, read from wherever.
var documentShape = json.JoinOptions(jsonv1.FormatDurationAsNano(true), json.Deterministic(true))

// factKey files a fact under the registry, the release, and everything else but the trust
// that the verification rests on: the document that it was read from, to the letter, and
// what the lockfile says. The trust stands in the fact: that of another one is replaced.
func factKey(origin string, s Subject, rel *registry.Release) (string, error) {
	document := *rel
	document.ETag, document.MaxAge = "", 0 // how it was sent
	data, err := json.Marshal(struct {
		Release               registry.Release
		Digests               []dep.Digest
		OwnDigest, Standalone bool
	}{document, s.Digests, s.OwnDigest, s.Standalone}, documentShape)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return strings.Join([]string{"verified", origin, s.Package.PURL(), hex.EncodeToString(sum[:])}, "\n"), nil
}

// memo is what is known of a release before it is verified.
type memo struct {
	key  string // "": nothing can be kept
	raw  []byte // as it is kept
	fact *outcome
}

// recall looks for what is known.
func (v *Verifier) recall(ctx context.Context, s Subject, rel *registry.Release) (m memo) {
	if v.cache == nil {
		return m
	}
	key, err := factKey(v.registry.Origin(), s, rel)
	if err != nil {
		v.logger(ctx).Warn().Err(err).Str("package", s.Package.String()).Msg("what was verified cannot be kept")
		return m
	}
	m.key = key
	raw, ok, err := v.cache.Get(ctx, key)
	switch {
	case err != nil:
		if ctx.Err() == nil {
			v.logger(ctx).Warn().Err(err).Str("package", s.Package.String()).Msg("what was verified before could not be read; it is verified again")
		}
		return m
	case !ok:
		return m
	}
	m.raw = raw
	var f outcome
	if len(raw) > maxFact || json.Unmarshal(raw, &f, factShape) != nil {
		v.logger(ctx).Warn().Str("package", s.Package.String()).Msg("what was verified before cannot be read; it is verified again and replaced")
		return m
	}
	m.fact = &f
	return m
}

// void says that what was kept of the release does not count any more.
func (m memo) void() bool { return m.fact != nil && m.fact.Void }

// holds says whether what is known counts: under this trust, at that time, for that document.
func (f *outcome) holds(trust *TrustRoot, rel *registry.Release, now time.Time) bool {
	return f != nil && !f.Void && f.Trust == trust.ID() && f.Revision == Revision &&
		(f.Until == 0 || now.Unix() < f.Until) &&
		(f.Signature.State == Verified) == (len(rel.Signatures) > 0) &&
		(f.Attested != nil) == announces(rel) &&
		(f.Attested == nil || proven(f.Attested.Publish, f.Attested.Provenance, rel))
}

// proven says whether what attestations came to is final.
func proven(pub Publish, prov Provenance, rel *registry.Release) bool {
	final := func(s State) bool { return s == Verified || s == Absent }
	return final(pub.State) && final(prov.State) && (pub.State == Verified || prov.State == Verified) &&
		(prov.State == Verified || !rel.ProvenanceAnnounced)
}

// announces says whether there are attestations to ask for.
func announces(rel *registry.Release) bool { return rel.Attested || rel.ProvenanceAnnounced }

// learn keeps what a verification came to, where it is final; where the registry's own answer
// is known and is not, and something else was kept, that is void. It says whether a fact is new: what it rests on
// should then be kept as long.
func (v *Verifier) learn(ctx context.Context, m memo, trust *TrustRoot, s Subject, e *Evidence, a answer, attested dep.Digest, now time.Time) (anew bool) {
	rel := e.Release
	signed, bundled := len(rel.Signatures) > 0, announces(rel)
	if m.key == "" || e.Retry || ctx.Err() != nil || !signed && !bundled {
		return false
	}
	if bundled && !proven(e.Publish, e.Provenance, rel) {
		if (s.Fresh || m.raw != nil) && !a.kept && e.Publish.State != Unknown && e.Provenance.State != Unknown {
			v.put(ctx, m, rel, outcome{Void: true}, keepBundlesFor)
		}
		return false
	}
	if signed && e.Signature.State != Verified || e.Digest.State == Invalid {
		return false
	}
	f, lasts := outcome{Trust: trust.ID(), Revision: Revision}, keepDates
	if signed {
		f.Signature = e.Signature
		if end := trust.ends(rel, e.Signature, now); !end.IsZero() {
			f.Until = end.Unix()
		}
	}
	if bundled {
		f.Attested, lasts = &attests{e.Publish, e.Provenance, attested}, keepBundlesFor
		if e.Publish.State != Verified || e.Provenance.State != Verified {
			lasts = keepAbsent
		}
	}
	return v.put(ctx, m, rel, f, lasts)
}

// put keeps a fact in place of the one that is there. It says whether it differs.
func (v *Verifier) put(ctx context.Context, m memo, rel *registry.Release, f outcome, lasts time.Duration) bool {
	raw, err := json.Marshal(f, factShape)
	if err != nil || len(raw) > maxFact || bytes.Equal(raw, m.raw) {
		return false
	}
	if err := v.cache.Put(ctx, m.key, raw, lasts); err != nil {
		if ctx.Err() == nil {
			v.logger(ctx).Warn().Err(err).Str("package", rel.Package.String()).Msg("what was verified could not be kept")
		}
		return false
	}
	return true
}

// ends is when the first of the keys ends that a signature was accepted under without a
// date of publication; zero where that does not come.
func (t *TrustRoot) ends(rel *registry.Release, s Signature, now time.Time) (first time.Time) {
	if s.DateSource != "" {
		return first // its date does not change, nor does whether the key was valid then
	}
	for _, sig := range rel.Signatures {
		_, w, _ := t.keys.find(sig.KeyID, useSignatures)
		if now.Before(w.end) && (first.IsZero() || w.end.Before(first)) {
			first = w.end
		}
	}
	return first
}
