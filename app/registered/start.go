package registered

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Start asks GitHub, as a server begins, for what no server can work without. A line that
// fails says why it must not begin; warnings are for the log. A GitHub that does not answer,
// or not with what was asked for, is a warning: what it sends meanwhile must not be lost.
// Of the options it needs GitHub, Manifest, Web, PublicURL, AppID, ClientID and Clock.
func Start(ctx context.Context, o Options) []Line {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	f := who(ctx, o)
	if errors.Is(f.AppErr, ErrRefused) { // a good key, too, once in a while
		f = who(ctx, o)
	}
	o.ClientID = cmp.Or(o.ClientID, f.App.ClientID) // who sets none wants nobody to sign in
	at := place{strings.TrimSuffix(o.Web, "/"), f.App}
	if f.AppErr != nil {
		return []Line{unknown(f, at)}
	}
	f.Hook, f.HookErr = o.GitHub.Hook(ctx)
	f.Installations, f.InstallationsErr = o.GitHub.Installations(ctx)
	lines := []Line{app(f, o, at), permissions(f.App, o.Manifest, at), events(f.App, o.Manifest, at)}
	if f.App.ID == o.AppID {
		lines[0] = tolerated(lines[0])
	}
	if f.Timed { // GitHub took the key: its clock, or one on the way there, may be the wrong one
		lines = append(lines, tolerated(clock(f.Skew)))
	}
	lines = append(lines, hookAtStart(f, o, at)...)
	if f.InstallationsErr == nil && len(f.Installations) > 0 {
		for _, l := range installations(f, o, at) {
			lines = append(lines, tolerated(l))
		}
	}
	return slices.DeleteFunc(lines, func(l Line) bool { return l.State == OK })
}

// unknown is what is said where GitHub did not say who the App is.
func unknown(f Facts, at place) Line {
	const subject = "app"
	off := clock(f.Skew)
	switch {
	case !errors.Is(f.AppErr, ErrRefused):
		return Line{subject, Warn, "GitHub did not say who the App is: " + f.AppErr.Error() + ".", "Nothing, if it was a moment's trouble; else look with bonafide setup --check.", ""}
	case f.Timed && off.State != OK:
		off.State = Fail
		return off
	}
	return Line{subject, Fail, "GitHub does not say who the App is: " + f.AppErr.Error() + ".",
		`Choose "Generate a private key" on the App's settings page, and set its id and this key: --app-id ID --private-key-file KEY.pem.`, at.settings("")}
}

// tolerated is a line that keeps no server from beginning.
func tolerated(l Line) Line {
	if l.State == Fail {
		l.State = Warn
	}
	return l
}

// hookAtStart fails where others could read the events, and warns of everything else.
func hookAtStart(f Facts, o Options, at place) []Line {
	const subject = "webhook"
	page := at.settings("")
	var out []Line
	if f.HookErr == nil && plain(f.Hook.URL) {
		says, do := withoutTLS(f.Hook)
		out = append(out, Line{subject, Fail, says, do, page})
	}
	if f.HookErr == nil && f.Hook.Insecure {
		says, do := unverified()
		out = append(out, Line{subject, Fail, says, do, page})
	}
	if len(out) > 0 {
		return out
	}
	for _, l := range hook(f, o, at) {
		out = append(out, tolerated(l))
	}
	return out
}

// plain says whether an address has no TLS and leads to another machine.
func plain(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() != "localhost" && (err != nil || !ip.IsLoopback())
}
