package publish

import "strings"

// selfHostedRunner: npm makes provenance and takes trusted publishing only from runners
// of GitHub's.
func selfHostedRunner(w *way) []Finding {
	if w.trust.Hosted == Yes || w.trust.Hosted == "" || !w.known() {
		return nil
	}
	p := w.trust.Runner.place
	if !p.stated() {
		p = w.job.RunsOnAt
	}
	if !p.stated() {
		p = w.job.place
		p.End = p.Line
	}
	if w.trust.Hosted == Depends {
		if w.Registry != "npm" {
			return nil
		}
		on := "what no file says"
		if refs := references(w.trust.Runner.Value); len(refs) > 0 {
			on = quoted(strings.Join(refs, ", "))
		} else if w.trust.Runner.stated() {
			on = "what " + quoted(w.trust.Runner.Value) + " is"
		}
		f := found(Notice, p, "Whether %s runs on a runner of GitHub's depends on %s.", quotedJob(w.job), on)
		f.Why = "npm makes provenance, and takes trusted publishing, only from runners of GitHub's."
		f.Help = "Publish in a job that runs on one, such as `runs-on: ubuntu-latest`."
		f.Source = docsTrustedNPM
		return []Finding{f}
	}
	f := found(Notice, p, "%s runs on a self-hosted runner.", capital(quotedJob(w.job)))
	f.Why = "What runs before on the same machine can change what is published, and the provenance says that it was self-hosted."
	f.Source = docsSecureUse
	if w.Registry == "npm" {
		f.Severity = Warning
		f.Why = "npm makes provenance, and takes trusted publishing, only from runners of GitHub's. With a token the package is published without."
		f.Source = docsTrustedNPM
		if w.trust.Asked == Yes || w.tokenless() {
			f.Severity = Error
			f.Why = "npm makes provenance, and takes trusted publishing, only from runners of GitHub's: publishing fails."
		}
	}
	f.Help = "Build where you must, and publish in a job of its own that runs on a runner of GitHub's: hand the packed tarball over as an artifact."
	return []Finding{f}
}

// capital begins a sentence.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// sentence ends one.
func sentence(s string) string {
	if s == "" {
		return "an expression."
	}
	return strings.TrimSuffix(s, ".") + "."
}
