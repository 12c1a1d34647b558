package registered

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Judge says of every fact whether it is as it must be. It is a pure function.
func Judge(f Facts, o Options) []Line {
	at := place{strings.TrimSuffix(o.Web, "/"), f.App}
	lines := []Line{app(f, o, at)}
	if f.Timed {
		lines = append(lines, clock(f.Skew))
	}
	lines = append(lines, public(f, o)...)
	if f.AppErr != nil {
		return lines
	}
	lines = append(lines, permissions(f.App, o.Manifest, at), events(f.App, o.Manifest, at))
	lines = append(lines, hook(f, o, at)...)
	lines = append(lines, deliveries(f, at))
	lines = append(lines, installations(f, o, at)...)
	for _, err := range f.RepositoriesErr {
		lines = append(lines, Line{"repositories", Warn, "They could not be listed: " + err.Error() + ".", "Try again.", ""})
	}
	for _, r := range f.Repositories {
		lines = append(lines, gate(r, o, at))
	}
	if f.LeftOut > 0 {
		lines = append(lines, Line{"repositories", Warn, fmt.Sprintf("%d more repositories were not looked at; %d are at a time.", f.LeftOut, maxRepositories), "", ""})
	}
	return lines
}

func app(f Facts, o Options, at place) Line {
	const subject = "app"
	switch {
	case f.AppErr != nil:
		return Line{subject, Fail, "GitHub does not say who the App is: " + f.AppErr.Error() + ".",
			"Hold id and private key against the App's settings page, and this machine's clock against the time.", at.settings("")}
	case f.App.ID != o.AppID:
		return Line{subject, Fail, fmt.Sprintf("The key belongs to the App %d, and %d is set.", f.App.ID, o.AppID), "Set the id and the key of one App.", at.settings("")}
	case o.ClientID == "":
		return Line{subject, Warn, fmt.Sprintf("%s (%d) of %s. No client id is set, so that nobody can sign in to the pages.", f.App.Name, f.App.ID, f.App.Owner),
			"Set --client-id and --client-secret, which the App's settings page gives.", at.settings("")}
	case f.App.ClientID != "" && f.App.ClientID != o.ClientID:
		return Line{subject, Fail, fmt.Sprintf("The App's client id is %s, and %s is set: nobody can sign in.", f.App.ClientID, o.ClientID), "Set the client id and secret of this App.", at.settings("")}
	}
	return fine(subject, fmt.Sprintf("%s (%d) of %s.", f.App.Name, f.App.ID, f.App.Owner))
}

func clock(skew time.Duration) Line {
	const subject = "clock"
	off := skew.Abs()
	words := fmt.Sprintf("This machine's clock is %v %s GitHub's.", off.Round(time.Second), map[bool]string{true: "behind", false: "ahead of"}[skew < 0])
	const do = "Let this machine keep the time by NTP: `sudo timedatectl set-ntp true`."
	switch {
	case off > clockFail:
		return Line{subject, Fail, words + " GitHub refuses the App's key where it is a minute off.", do, ""}
	case off > clockWarn:
		return Line{subject, Warn, words + " GitHub refuses the App's key where it is a minute off.", do, ""}
	}
	return fine(subject, "This machine's clock and GitHub's agree.")
}

func public(f Facts, o Options) []Line {
	const subject = "public address"
	switch {
	case o.PublicURL == "":
		return []Line{{subject, Warn, "It is not set: checks have no link to their report, and the webhook's address is held against nothing.", "Set --public-url.", ""}}
	case f.Reached != nil:
		return []Line{{subject, Fail, fmt.Sprintf("%s: %v.", o.PublicURL, f.Reached), "Start the server, and let the proxy in front of it pass /healthz on with a certificate that is trusted. From inside of some networks one's own address cannot be reached: look from outside, too.", o.PublicURL + "/healthz"}}
	}
	return []Line{fine(subject, o.PublicURL+" is reached from here, and the server answers.")}
}

func permissions(a App, m Manifest, at place) Line {
	const subject = "permissions"
	missing, wide := m.narrower(a.Permissions), m.Wider(a.Permissions)
	page := at.settings("/permissions")
	switch {
	case len(missing) > 0 && len(wide) > 0:
		return Line{subject, Fail, fmt.Sprintf("Missing: %s. More than is needed: %s.", strings.Join(missing, ", "), strings.Join(wide, ", ")), "Set them as app.yml has them. Owners are asked to accept what is added.", page}
	case len(missing) > 0:
		return Line{subject, Fail, fmt.Sprintf("Missing: %s.", strings.Join(missing, ", ")), "Add them. Every owner is asked to accept it.", page}
	case len(wide) > 0:
		return Line{subject, Warn, fmt.Sprintf("More than is needed: %s.", strings.Join(wide, ", ")), "Take them away.", page}
	}
	return fine(subject, "As app.yml asks for them.")
}

func events(a App, m Manifest, at place) Line {
	const subject = "events"
	// A person adds this one by hand, so that a command in an ordinary comment is heard.
	const byHand = "issue_comment"
	var missing, more []string
	for _, e := range m.Events {
		if !slices.Contains(a.Events, e.Name) {
			missing = append(missing, e.Name)
		}
	}
	for _, e := range a.Events {
		if e != byHand && !slices.ContainsFunc(m.Events, func(known Asked) bool { return known.Name == e }) {
			more = append(more, e)
		}
	}
	slices.Sort(more)
	page := at.settings("/permissions")
	switch {
	case len(missing) > 0:
		return Line{subject, Fail, fmt.Sprintf("Not subscribed to: %s.", strings.Join(missing, ", ")), `Tick them below "Subscribe to events".`, page}
	case len(more) > 0:
		return Line{subject, Warn, fmt.Sprintf("Subscribed to more than is needed: %s.", strings.Join(more, ", ")), `Take them away below "Subscribe to events".`, page}
	}
	return fine(subject, "As app.yml asks for them.")
}

func hook(f Facts, o Options, at place) []Line {
	const subject = "webhook"
	page := at.settings("")
	if f.HookErr != nil {
		return []Line{{subject, Warn, "GitHub does not say where it sends events: " + f.HookErr.Error() + ".", "Try again.", page}}
	}
	var out []Line
	fail := func(says, do string) { out = append(out, Line{subject, Fail, says, do, page}) }
	want := cmp.Or(o.PublicURL, "https://YOUR-HOST") + HookPath
	switch {
	case f.Hook.URL == "":
		fail("GitHub sends events nowhere: the webhook has no address or is not active.", "Tick Active below Webhook, and set the address to "+want+".")
	case o.PublicURL != "" && strings.TrimSuffix(f.Hook.URL, "/") != want:
		fail(fmt.Sprintf("GitHub sends events to %s, and this server takes them at %s.", f.Hook.URL, want), "Set the webhook's address to "+want+".")
	case !strings.HasPrefix(f.Hook.URL, "https://"):
		fail(withoutTLS(f.Hook))
	}
	if f.Hook.ContentType != "json" {
		fail(fmt.Sprintf("The content type is %q, which is not read.", f.Hook.ContentType), "Set the content type to application/json.")
	}
	if f.Hook.Insecure {
		fail(unverified())
	}
	if !f.Hook.Secret {
		fail("There is no webhook secret: no event is taken.", "Set the secret that this server has.")
	}
	if len(out) == 0 {
		return []Line{fine(subject, fmt.Sprintf("%s, as JSON, signed, with its certificate verified.", f.Hook.URL))}
	}
	return out
}

func withoutTLS(h Hook) (says, do string) {
	return fmt.Sprintf("GitHub sends events to %s, without TLS.", h.URL), "Put a proxy with TLS before the server, and set its address."
}

func unverified() (says, do string) {
	return "GitHub does not verify the certificate of the webhook's address: anybody on the way could read what it sends.", `Choose "Enable SSL verification".`
}

func deliveries(f Facts, at place) Line {
	const subject = "deliveries"
	page := at.settings("/advanced")
	switch {
	case f.DeliveriesErr != nil:
		return Line{subject, Warn, "The delivery log could not be read: " + f.DeliveriesErr.Error() + ".", "Try again.", page}
	case f.Deliveries == 0:
		return fine(subject, "None in the last three days.")
	case f.Failed == 0:
		return fine(subject, fmt.Sprintf("All of the newest %d were taken.", f.Deliveries))
	}
	says := fmt.Sprintf("%d of the newest %d were not taken.", f.Failed, f.Deliveries)
	const do = "Look at what was answered to them. The server has them sent again by itself."
	switch {
	case f.Failed == f.Deliveries:
		return Line{subject, Fail, says, do, page}
	case f.Failed*100 >= f.Deliveries*failingShare:
		return Line{subject, Warn, says, do, page}
	}
	return fine(subject, says+" They are sent again.")
}

func installations(f Facts, o Options, at place) []Line {
	const subject = "installations"
	switch {
	case f.InstallationsErr != nil:
		return []Line{{subject, Warn, "They could not be listed: " + f.InstallationsErr.Error() + ".", "Try again.", ""}}
	case len(f.Installations) == 0:
		return []Line{{subject, Warn, "The App is installed nowhere.", "Install it.", Install(at.web, f.App)}}
	}
	var out []Line
	for _, in := range f.Installations {
		page := at.installation(in)
		missing := o.Manifest.narrower(in.Permissions)
		switch {
		case in.Suspended:
			out = append(out, Line{in.Account, Warn, "The installation is suspended: nothing is checked there.", "An owner can unsuspend it.", page})
		case len(missing) > 0:
			out = append(out, Line{in.Account, Fail, fmt.Sprintf("The owner has not accepted: %s.", strings.Join(missing, ", ")), `An owner accepts it with "Review request".`, page})
		default:
			out = append(out, fine(in.Account, "Installed, with all permissions."))
		}
	}
	return out
}

// gate says whether our check has to pass before something is merged, and whether it can
// be nobody else's.
func gate(r RepositoryFacts, o Options, at place) Line {
	subject := r.Owner + "/" + r.Name
	rules := at.repository(r.Repository, "/settings/rules")
	if r.Err != nil {
		return Line{subject, Warn, "Whether the check is required could not be found out: " + r.Err.Error() + ".", "Try again, or look there.", rules}
	}
	var ours, any, others []Demand
	for _, d := range r.Gate.Demands {
		switch {
		case d.Name != o.Check:
		case d.App == at.app.ID:
			ours = append(ours, d)
		case d.App == 0:
			any = append(any, d)
		default:
			others = append(others, d)
		}
	}
	where := func(d Demand) string {
		if d.From == Protection {
			return at.repository(r.Repository, "/settings/branches")
		}
		return rules
	}
	branch := fmt.Sprintf("the branch %s", r.Gate.Branch)
	hidden := ""
	if r.Gate.Hidden != "" {
		hidden = " " + r.Gate.Hidden
	}
	switch {
	case len(others) > 0:
		return Line{subject, Fail, fmt.Sprintf("%s requires %q from another App (%d), by %s: no pull request can be merged by our check.", upper(branch), o.Check, others[0].App, others[0].From),
			fmt.Sprintf("Choose %s as the source of the check.", at.app.Name), where(others[0])}
	case len(ours) > 0:
		return fine(subject, fmt.Sprintf("%s requires %q from this App, by %s.", upper(branch), o.Check, ours[0].From))
	case len(any) > 0:
		return Line{subject, Fail, fmt.Sprintf("%s requires %q from any source, by %s: everybody who may write there can forge it.", upper(branch), o.Check, any[0].From),
			fmt.Sprintf("Choose %s as the source of the check.", at.app.Name), where(any[0])}
	case hidden != "":
		return Line{subject, Warn, fmt.Sprintf("%q is not seen to be required on %s.%s", o.Check, branch, hidden), "Look there whether it is, with this App as its source.", rules}
	}
	return Line{subject, Warn, fmt.Sprintf("%q is not required on %s: what it finds stops nobody.", o.Check, branch),
		fmt.Sprintf("Add a rule that requires the status check %q, with %s as its source. GitHub offers checks that ran in the last seven days.", o.Check, at.app.Name), rules}
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
