package checks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v62/github"

	"github.com/bonafide-app/bonafide/app/registered"
	"github.com/bonafide-app/bonafide/app/review"
)

// Registered asks GitHub about the App itself, for registered.Check.
func (f *Forge) Registered() registered.GitHub { return registration{f} }

type registration struct{ f *Forge }

// description is an App in GitHub's answers.
type description struct {
	ID       int64  `json:"id"`
	Slug     string `json:"slug"`
	Name     string `json:"name"`
	HTMLURL  string `json:"html_url"`
	ClientID string `json:"client_id"`
	Owner    struct {
		Login string `json:"login"`
		Type  string `json:"type"`
	} `json:"owner"`
	Permissions map[string]string `json:"permissions"`
	Events      []string          `json:"events"`
}

func (d description) app() registered.App {
	return registered.App{
		ID: d.ID, Slug: d.Slug, Name: d.Name, URL: d.HTMLURL, ClientID: d.ClientID, Owner: d.Owner.Login, Organised: d.Owner.Type == "Organization",
		Permissions: d.Permissions, Events: d.Events,
	}
}

// App is the App itself. The time is of the answer, that of a refusal too.
func (r registration) App(ctx context.Context) (registered.App, time.Time, error) {
	q := request{what: "read the App", once: true}
	var d description
	resp, err := r.f.asApp(ctx, "app", q, &d)
	var at time.Time
	var refused *github.ErrorResponse
	switch {
	case resp != nil && resp.Response != nil:
		at, _ = http.ParseTime(resp.Header.Get("Date")) // none says nothing
	case errors.As(err, &refused) && refused.Response != nil:
		at, _ = http.ParseTime(refused.Response.Header.Get("Date"))
	}
	switch {
	case refusedKey(err):
		return registered.App{}, at, fmt.Errorf("%w: it is of another App, was deleted there, or this machine's clock is wrong", registered.ErrRefused)
	case unknownApp(err):
		return registered.App{}, at, fmt.Errorf("%w: it knows no App with this id", registered.ErrRefused)
	case err != nil:
		return registered.App{}, at, plainly(err)
	case d.ID <= 0:
		return registered.App{}, at, errors.New("its answer is not an App")
	}
	return d.app(), at, nil
}

// refusedKey says that GitHub refused the key for good, in the words that it has for that:
// in trouble it has answered 401 to good ones, and so may something on the way there.
func refusedKey(err error) bool {
	var e *github.ErrorResponse
	if !errors.As(err, &e) || e.Response == nil || e.Response.StatusCode != http.StatusUnauthorized {
		return false
	}
	return slices.ContainsFunc([]string{"JSON web token", "claim (", "Integration "}, func(words string) bool { return strings.Contains(e.Message, words) })
}

// unknownApp says that GitHub, and not something on the way there, knows no such App.
func unknownApp(err error) bool {
	var e *github.ErrorResponse
	return errors.As(err, &e) && status(err) == http.StatusNotFound && e.Message == "Integration not found"
}

// plainly is an error in the words that people read. What went wrong below goes to the log.
func plainly(err error) error {
	var later *review.Later
	if errors.As(err, &later) {
		return errors.New(later.Reason)
	}
	return err
}

// Hook is where GitHub sends events.
func (r registration) Hook(ctx context.Context) (registered.Hook, error) {
	var answer struct {
		URL         string `json:"url"`
		ContentType string `json:"content_type"`
		InsecureSSL any    `json:"insecure_ssl"` // "0", or 0
		Secret      string `json:"secret"`       // asterisks
	}
	if _, err := r.f.asApp(ctx, "app/hook/config", request{what: "read the webhook's settings", once: true}, &answer); err != nil {
		return registered.Hook{}, plainly(err)
	}
	return registered.Hook{
		URL: answer.URL, ContentType: answer.ContentType, Secret: answer.Secret != "",
		Insecure: cmp.Or(fmt.Sprint(answer.InsecureSSL), "0") != "0",
	}, nil
}

// Failing counts the first page of the delivery log, each delivery once however often it
// was sent.
func (r registration) Failing(ctx context.Context) (failed, all int, err error) {
	list, _, err := r.f.Deliveries(ctx, "")
	if err != nil {
		return 0, 0, plainly(err)
	}
	taken := map[string]bool{}
	for _, d := range list {
		taken[d.GUID] = taken[d.GUID] || d.OK
	}
	for _, ok := range taken {
		if !ok {
			failed++
		}
	}
	return failed, len(taken), nil
}

// Installations lists them all, up to 10,000, suspended ones too.
func (r registration) Installations(ctx context.Context) ([]registered.Installation, error) {
	q := request{what: "list the App's installations", query: url.Values{"per_page": {fmt.Sprint(PageSize)}}, once: true}
	var out []registered.Installation
	for page := 1; page <= MaxInstallationPages; page++ {
		q.query.Set("page", fmt.Sprint(page))
		var answer []struct {
			ID      int64 `json:"id"`
			Account struct {
				Login string `json:"login"`
				Type  string `json:"type"`
			} `json:"account"`
			SuspendedAt *time.Time        `json:"suspended_at"`
			Permissions map[string]string `json:"permissions"`
		}
		resp, err := r.f.asApp(ctx, "app/installations", q, &answer)
		if err != nil {
			return nil, plainly(err)
		}
		for _, in := range answer {
			out = append(out, registered.Installation{
				ID: in.ID, Account: in.Account.Login, Organised: in.Account.Type == "Organization", Suspended: in.SuspendedAt != nil, Permissions: in.Permissions,
			})
		}
		if resp.NextPage <= page {
			break
		}
	}
	return out, nil
}

// Repositories are those of an installation that something can be published in.
func (r registration) Repositories(ctx context.Context, installation int64) ([]registered.Repository, error) {
	list, err := r.f.Repositories(ctx, installation)
	if err != nil {
		return nil, plainly(err)
	}
	out := make([]registered.Repository, 0, len(list))
	for _, at := range list {
		out = append(out, registered.Repository{Owner: at.Owner, Name: at.Name})
	}
	return out, nil
}

// Gate reads what the default branch demands, from rulesets and from branch protection:
// three requests. Both are read with no more than the App's own permissions.
func (r registration) Gate(ctx context.Context, installation int64, at registered.Repository) (registered.Gate, error) {
	repo := review.Repository{Installation: installation, Owner: at.Owner, Name: at.Name}
	var about struct {
		DefaultBranch string `json:"default_branch"`
	}
	if _, err := r.f.do(ctx, repo, request{what: "read the repository", once: true}, &about); err != nil {
		return registered.Gate{}, plainly(err)
	}
	branch, err := escapeRef(about.DefaultBranch)
	if err != nil {
		return registered.Gate{}, errors.New("GitHub names no default branch")
	}
	gate := registered.Gate{Branch: about.DefaultBranch}
	if err := r.rules(ctx, repo, branch, &gate); err != nil {
		return registered.Gate{}, plainly(err)
	}
	if err := r.protection(ctx, repo, branch, &gate); err != nil {
		return registered.Gate{}, plainly(err)
	}
	return gate, nil
}

// rules adds the required checks of rulesets, those of the organisation too.
func (r registration) rules(ctx context.Context, repo review.Repository, branch string, gate *registered.Gate) error {
	q := request{what: "read the rules of the default branch", path: "rules/branches/" + branch, once: true}
	type rule struct {
		Type       string `json:"type"`
		Source     string `json:"ruleset_source"`      // "acme/web", "acme"
		SourceType string `json:"ruleset_source_type"` // "Repository", "Organization"
		Parameters struct {
			Checks []struct {
				Context       string `json:"context"`
				IntegrationID int64  `json:"integration_id"` // null: any
			} `json:"required_status_checks"`
		} `json:"parameters"`
	}
	more, err := pages(ctx, r.f, repo, q, MaxRulePages, func(one rule) bool {
		if one.Type == "required_status_checks" {
			for _, c := range one.Parameters.Checks {
				gate.Demands = append(gate.Demands, registered.Demand{Name: c.Context, App: c.IntegrationID, From: "a ruleset of " + one.Source})
			}
		}
		return true
	})
	switch {
	case err == nil && more:
		gate.Hidden = "It has more rules than are read."
	case errors.Is(err, review.ErrGone): // a GitHub Enterprise Server of before rulesets, or a plan without
		gate.Hidden = "GitHub shows no rulesets there."
	case status(err) == http.StatusForbidden:
		gate.Hidden = "GitHub does not let the App see the rulesets."
	default:
		return err
	}
	return nil
}

// protection adds the required checks of branch protection, as far as a branch shows them.
func (r registration) protection(ctx context.Context, repo review.Repository, branch string, gate *registered.Gate) error {
	var answer struct {
		Protected  bool `json:"protected"`
		Protection *struct {
			Required *struct {
				Contexts []string `json:"contexts"`
				Checks   []struct {
					Context string `json:"context"`
					AppID   int64  `json:"app_id"` // null or -1: any
				} `json:"checks"`
			} `json:"required_status_checks"`
		} `json:"protection"`
	}
	if _, err := r.f.do(ctx, repo, request{what: "read the default branch", path: "branches/" + branch, once: true}, &answer); err != nil {
		if errors.Is(err, review.ErrGone) {
			gate.Hidden = "There is no such branch yet."
			return nil
		}
		return err
	}
	switch {
	case answer.Protection == nil || answer.Protection.Required == nil:
		if answer.Protected && len(gate.Demands) == 0 {
			gate.Hidden = "The branch is protected, and GitHub does not let the App see by what."
		}
		return nil
	case len(answer.Protection.Required.Checks) == 0: // an old server names no sources
		for _, name := range answer.Protection.Required.Contexts {
			gate.Demands = append(gate.Demands, registered.Demand{Name: name, From: registered.Protection})
		}
	}
	for _, c := range answer.Protection.Required.Checks {
		gate.Demands = append(gate.Demands, registered.Demand{Name: c.Context, App: max(0, c.AppID), From: registered.Protection})
	}
	return nil
}
