package publish

import (
	"slices"
	"strings"
)

// releaseGemAction is rubygems/release-gem: it sets up trusted publishing unless told
// not to, runs `rake release`, and from 1.1.0 on sends an attestation with the gem
// (https://github.com/rubygems/release-gem/pull/11).
// https://github.com/rubygems/release-gem, https://guides.rubygems.org/trusted-publishing
func (k *walk) releaseGemAction(s *step) {
	left := 1
	r := &run{walk: k, line: s.Uses.Line, dirKnown: true, left: &left}
	w := r.newWay("rubygems", "rubygems/release-gem")
	if w == nil {
		return
	}
	w.trust.Version = s.Uses
	asks := func(input string) Answer {
		t := s.With.get(input)
		if !t.stated() {
			return Yes
		}
		return k.scope().resolve(t.Value).each(func(v string) Answer {
			if v == "false" {
				return No
			}
			return Yes
		})
	}
	setup := asks("setup-trusted-publisher")
	w.trust.Recent = setup
	w.Trusted = allOf(w.trust.IDToken.Answer, setup)
	switch setup {
	case Yes:
		if w.Trusted == Yes {
			w.because("It publishes as a trusted publisher, which is to be set up at rubygems.org for " + checkedName(w) + ".")
		}
	case No:
		w.because("setup-trusted-publisher: false turns trusted publishing off.")
		if k.tools.gem != nil {
			w.Trusted = r.gemTrusted(w)
		} else {
			key, by := r.tokenOf("gem", "GEM_HOST_API_KEY")
			r.holds(w, key, by)
		}
	default:
		w.because("Whether it is a trusted publisher depends on setup-trusted-publisher.")
	}
	w.trust.Asked, w.trust.AskedBy = asks("attestations"), s.With.get("attestations")
	asked, known := k.actionVersion(s)
	old := known && atLeast(asked, version{1, 1, 0}, true) == No
	if old {
		w.trust.Asked, w.trust.AskedBy = No, text{}
		w.because("rubygems/release-gem makes attestations from 1.1.0 on; this is " + quoted(asked) + ".")
	}
	w.Provenance = allOf(w.Trusted, w.trust.Asked)
	switch {
	case old, w.Trusted == No:
	case w.trust.Asked == Yes:
		w.because("rubygems/release-gem sends an attestation with the gem.")
	case w.trust.Asked == No:
		w.because("attestations: false turns them off.")
	}
}

// gem reads a gem command.
func (r *run) gem(args []word) {
	o := parseOptions(args, "k", "key", "host", "otp", "attestation", "p", "http-proxy")
	if o.arg(0) != "push" {
		return
	}
	registry := "rubygems"
	if v, ok := o.value("host"); ok {
		if h := registryName(v.Text); h != "rubygems.org" {
			registry = h
		}
	}
	_, attested := o.Flags["attestation"]
	r.pushGem("gem push", registry, attested)
}

// rake reads `rake release`, bundler's task, which has gem push unless gem_push says no
// (https://github.com/ruby/rubygems/blob/master/bundler/lib/bundler/gem_helper.rb).
func (r *run) rake(args []word) {
	if t, ok := r.variableOf("gem_push"); ok && slices.Contains([]string{"n", "no", "nil", "false", "off", "0"}, strings.ToLower(t.Value)) {
		return
	}
	for _, w := range args {
		if w.Text == "release" || strings.HasPrefix(w.Text, "release[") || w.Text == "release:rubygem_push" {
			r.pushGem("rake release", "rubygems", false)
			return
		}
	}
	for _, w := range args {
		if t := w.Text; !strings.HasPrefix(t, "-") && !strings.HasPrefix(t, "release:") && (strings.Contains(t, "release") || strings.Contains(t, "publish") || strings.Contains(t, "push")) {
			r.r.skip(r.inner.File, r.line, "It runs rake %s, which is not read: whether that publishes is not known.", quoted(t))
			return
		}
	}
}

func (r *run) pushGem(tool, registry string, attested bool) {
	w := r.newWay(registry, tool)
	if w == nil {
		return
	}
	t := &w.trust
	key, by := r.tokenOf("gem", "GEM_HOST_API_KEY", "RUBYGEMS_API_KEY")
	r.holds(w, key, by)
	if registry != "rubygems" {
		w.Trusted, w.Provenance = No, No
		w.because("It publishes to " + registry + "; trusted publishing and attestations are RubyGems.org's.")
		return
	}
	switch {
	case t.Token.stated():
		w.Trusted = No
		w.because("It publishes with the key in " + t.TokenVar + ".")
	case r.tools.gem != nil:
		w.Trusted = r.gemTrusted(w)
	default:
		w.Trusted = No
		w.because("No step before it gets credentials as a trusted publisher (rubygems/configure-rubygems-credentials).")
	}
	t.Asked = No
	if attested {
		t.Asked = Yes
		w.Provenance = w.Trusted
		w.because("--attestation sends one; RubyGems.org takes it from trusted publishers.")
		return
	}
	w.Provenance = No
	w.because("It sends no attestation.")
}

// gemTrusted is what rubygems/configure-rubygems-credentials gives: the key of a trusted
// publisher, unless it is given a key or a role.
func (r *run) gemTrusted(w *way) Answer {
	s := r.tools.gem
	w.trust.Setup = s
	for _, input := range []string{"api-token", "role-to-assume"} {
		if t := s.With.get(input); t.stated() {
			if input == "api-token" {
				w.trust.Token, w.trust.TokenVar = t, "the input api-token"
			}
			w.because("rubygems/configure-rubygems-credentials is given " + input + ": that is no trusted publisher.")
			return No
		}
	}
	return w.trustedAt("rubygems.org", Yes)
}
