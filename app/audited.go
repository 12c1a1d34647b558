package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/bonafide-app/bonafide/app/audit"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/store"
	"github.com/bonafide-app/bonafide/app/upkeep"
)

// about is an event in a repository.
func about(kind audit.Kind, repo review.Repository) audit.Event {
	return audit.Event{Event: kind, Installation: repo.Installation, RepositoryID: repo.ID, Repository: repo.Owner + "/" + repo.Name}
}

// auditedChecks writes down what was published.
type auditedChecks struct {
	saver
	log *audit.Log
}

func (s auditedChecks) SaveCheck(ctx context.Context, repo review.Repository, sha string, check report.Check) error {
	for _, section := range check.Sections {
		e := about(audit.VerdictPublished, repo)
		e.PullRequest, e.Head, e.Conclusion, e.Policy = section.PullRequest, sha, string(section.Report.Conclusion), section.Report.PolicyFrom
		for _, f := range section.Report.Findings {
			if f.Severity == policy.Error && !slices.Contains(e.Rules, string(f.Rule)) {
				e.Rules = append(e.Rules, string(f.Rule))
			}
		}
		// What is known of it: a merge group has no row, and what its policy was read from.
		if v, ok, err := s.store.Verdict(ctx, repo.Installation, repo.ID, section.PullRequest); err == nil && ok && v.Head == sha {
			e.Policy, e.Floor = v.Policy, v.Floor
		}
		s.log.Write(e)
	}
	return s.saver.SaveCheck(ctx, repo, sha, check)
}

// auditedAcceptances writes down what was accepted, and what no longer is.
type auditedAcceptances struct {
	accepted
	log *audit.Log
}

func (k auditedAcceptances) Accept(ctx context.Context, repo review.Repository, list []review.Acceptance) error {
	var before []review.Acceptance
	if len(list) > 0 {
		var err error
		if before, err = k.Accepted(ctx, repo, list[0].Number); err != nil {
			return err
		}
	}
	if err := k.accepted.Accept(ctx, repo, list); err != nil {
		return err
	}
	for _, a := range list {
		if !slices.ContainsFunc(before, func(b review.Acceptance) bool { return same(a, b) }) {
			k.tell(audit.FindingAccepted, repo, a)
		}
	}
	return nil
}

func (k auditedAcceptances) Retract(ctx context.Context, repo review.Repository, number int, remark review.RemarkRef) error {
	before, err := k.Accepted(ctx, repo, number)
	if err != nil {
		return err
	}
	if err := k.accepted.Retract(ctx, repo, number, remark); err != nil {
		return err
	}
	for _, a := range before {
		if a.RemarkRef == remark {
			k.tell(audit.AcceptanceRetracted, repo, a)
		}
	}
	return nil
}

func (k auditedAcceptances) tell(kind audit.Kind, repo review.Repository, a review.Acceptance) {
	e := about(kind, repo)
	e.PullRequest, e.Who, e.Role = a.Number, a.By, a.Role.String()
	e.Rule, e.Package, e.Lockfile, e.Reason = string(a.Rule), a.Package.String(), a.Lockfile, a.Reason
	k.log.Write(e)
}

// same says whether two acceptances are one, given twice.
func same(a, b review.Acceptance) bool {
	return a.RemarkRef == b.RemarkRef && a.Package == b.Package && a.Digest == b.Digest && a.Source == b.Source && a.Lockfile == b.Lockfile && a.Rule == b.Rule
}

// clicked writes down a click that was answered. note is what the check says about it.
func (a *App) clicked(job queue.Job, repo review.Repository, note string) {
	e := about(audit.ButtonClicked, repo)
	e.PullRequest, e.Head, e.Who, e.Button, e.Detail = job.Number, job.Head, job.By, job.Clicked, note
	a.audit.Write(e)
}

// forget deletes what is stored of a repository, and writes that down.
func (a *App) forget(ctx context.Context, installation, repository int64, owner, name string) error {
	if err := a.store.ForgetRepository(ctx, installation, repository, owner, name); err != nil {
		return err
	}
	a.audit.Write(about(audit.RepositoryDeleted, review.Repository{Installation: installation, Owner: owner, Name: name, ID: repository}))
	return nil
}

// uninstalled deletes what is stored of an installation, and writes that down.
func (a *App) uninstalled(ctx context.Context, installation int64) error {
	a.learnt.forget(installation)
	if err := errors.Join(a.store.Forget(ctx, installation), a.store.ForgetTask(ctx, upkeep.CursorOf(installation)), a.store.ForgetTask(ctx, firstOf(installation))); err != nil {
		return err
	}
	a.audit.Write(audit.Event{Event: audit.InstallationDeleted, Installation: installation})
	return nil
}

// told writes down what somebody did on the pages: a kind of audit's. about is a repository,
// "OWNER/NAME", or, of signing in and out, why.
func (a *App) told(_ context.Context, event, who, about string) {
	e := audit.Event{Event: audit.Kind(event), Who: who}
	if e.Event == audit.SignedIn || e.Event == audit.SignedOut {
		e.Reason = about
	} else {
		e.Repository = about
	}
	a.audit.Write(e)
}

// keepInventory stores what a look at a default branch found, and writes down what is new
// about the packages there.
func (a *App) keepInventory(ctx context.Context, i store.Inventory) error {
	before, err := a.store.NewsOf(ctx, i.Installation, i.ID)
	if err != nil {
		return err
	}
	if err := a.store.SaveInventory(ctx, i); err != nil || i.Head == "" {
		return err
	}
	for _, n := range i.News {
		if slices.ContainsFunc(before, func(b store.News) bool { return b.PURL == n.PURL && b.Kind == n.Kind }) {
			continue
		}
		e := about(audit.PackageNews, review.Repository{Installation: i.Installation, Owner: i.Owner, Name: i.Name, ID: i.ID})
		e.Head, e.Package, e.News, e.Detail = i.Head, n.PURL, n.Kind, n.Detail
		a.audit.Write(e)
	}
	return nil
}

// audited adds to what operators read where the audit log cannot be written. The server goes
// on: a log is no reason to let pull requests wait, nor for /readyz to turn deliveries away.
func (a *App) audited(facts map[string]string) map[string]string {
	if since, failing := a.audit.Failing(); failing {
		facts["audit_log"] = "it cannot be written since " + since.UTC().Format(time.RFC3339)
	}
	return facts
}

// closeAudit has what waits written, for closeTime at most.
func (a *App) closeAudit(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, closeTime)
	defer cancel()
	return a.audit.Close(ctx)
}
