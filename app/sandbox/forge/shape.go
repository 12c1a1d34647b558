package forge

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// object is a JSON object of GitHub's shape. The functions of this file are called
// with the server's lock held.
type object map[string]any

// stampJSON is a time as GitHub writes it, nil for none.
func stampJSON(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

// orNil is nil for "".
func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// escaped is a path as it stands in an address.
func escaped(path string) string { return (&url.URL{Path: path}).EscapedPath() }

func (s *Server) api(format string, args ...any) string {
	return s.url + "/api/v3" + fmt.Sprintf(format, args...)
}

func (s *Server) html(format string, args ...any) string {
	return s.url + fmt.Sprintf(format, args...)
}

func (s *Server) userJSON(u *user) object {
	api := s.api("/users/%s", u.login)
	return object{
		"login": u.login, "id": u.id, "node_id": fmt.Sprintf("U_%d", u.id), "avatar_url": s.html("/avatars/%d", u.id), "gravatar_id": "",
		"url": api, "html_url": s.html("/%s", strings.TrimSuffix(u.login, "[bot]")), "followers_url": api + "/followers",
		"following_url": api + "/following{/other_user}", "gists_url": api + "/gists{/gist_id}", "starred_url": api + "/starred{/owner}{/repo}",
		"subscriptions_url": api + "/subscriptions", "organizations_url": api + "/orgs", "repos_url": api + "/repos",
		"events_url": api + "/events{/privacy}", "received_events_url": api + "/received_events", "type": u.kind, "site_admin": false,
	}
}

func (s *Server) organizationJSON(u *user) object {
	api := s.api("/orgs/%s", u.login)
	return object{
		"login": u.login, "id": u.id, "node_id": fmt.Sprintf("O_%d", u.id), "url": api, "repos_url": api + "/repos", "events_url": api + "/events",
		"hooks_url": api + "/hooks", "issues_url": api + "/issues", "members_url": api + "/members{/member}",
		"public_members_url": api + "/public_members{/member}", "avatar_url": s.html("/avatars/%d", u.id), "description": nil,
	}
}

func (s *Server) repositoryJSON(r *Repository) object {
	api, html := s.api("/repos/%s", r.FullName()), s.html("/%s", r.FullName())
	forks, open := 0, 0
	for _, other := range s.repositories {
		if other.parent == r {
			forks++
		}
	}
	for _, p := range r.pulls {
		if p.open {
			open++
		}
	}
	visibility := "public"
	if r.private {
		visibility = "private"
	}
	o := object{
		"id": r.ID, "node_id": fmt.Sprintf("R_%d", r.ID), "name": r.Name, "full_name": r.FullName(), "private": r.private, "owner": s.userJSON(r.owner),
		"html_url": html, "description": nil, "fork": r.parent != nil, "url": api, "git_url": "git:" + strings.TrimPrefix(html, "http:") + ".git",
		"ssh_url": "git@sandbox.example:" + r.FullName() + ".git", "clone_url": html + ".git", "svn_url": html, "homepage": nil, "size": 1,
		"stargazers_count": 0, "watchers_count": 0, "watchers": 0, "language": nil, "has_issues": true, "has_projects": true, "has_downloads": true,
		"has_wiki": false, "has_pages": false, "has_discussions": false, "forks_count": forks, "forks": forks, "mirror_url": nil, "archived": false,
		"disabled": false, "open_issues_count": open, "open_issues": open, "license": nil, "allow_forking": true, "is_template": false,
		"web_commit_signoff_required": false, "topics": []string{}, "visibility": visibility, "default_branch": r.defaultBranch,
		"created_at": stampJSON(r.created), "updated_at": stampJSON(r.pushed), "pushed_at": stampJSON(r.pushed),
	}
	for field, rest := range map[string]string{
		"archive_url": "/{archive_format}{/ref}", "assignees_url": "/assignees{/user}", "blobs_url": "/git/blobs{/sha}", "branches_url": "/branches{/branch}",
		"collaborators_url": "/collaborators{/collaborator}", "comments_url": "/comments{/number}", "commits_url": "/commits{/sha}",
		"compare_url": "/compare/{base}...{head}", "contents_url": "/contents/{+path}", "contributors_url": "/contributors",
		"deployments_url": "/deployments", "downloads_url": "/downloads", "events_url": "/events", "forks_url": "/forks",
		"git_commits_url": "/git/commits{/sha}", "git_refs_url": "/git/refs{/sha}", "git_tags_url": "/git/tags{/sha}", "hooks_url": "/hooks",
		"issue_comment_url": "/issues/comments{/number}", "issue_events_url": "/issues/events{/number}", "issues_url": "/issues{/number}",
		"keys_url": "/keys{/key_id}", "labels_url": "/labels{/name}", "languages_url": "/languages", "merges_url": "/merges",
		"milestones_url": "/milestones{/number}", "notifications_url": "/notifications{?since,all,participating}", "pulls_url": "/pulls{/number}",
		"releases_url": "/releases{/id}", "stargazers_url": "/stargazers", "statuses_url": "/statuses/{sha}", "subscribers_url": "/subscribers",
		"subscription_url": "/subscription", "tags_url": "/tags", "teams_url": "/teams", "trees_url": "/git/trees{/sha}",
	} {
		o[field] = api + rest
	}
	return o
}

// ownRepositoryJSON is a repository where it is the subject: events and GET. Only
// there does GitHub show custom properties.
func (s *Server) ownRepositoryJSON(r *Repository) object {
	o := s.repositoryJSON(r)
	if s.quirks.MultiSelectProperties {
		o["custom_properties"] = object{"team": "platform", "tiers": []string{"production", "payment"}}
	} else {
		o["custom_properties"] = object{}
	}
	return o
}

func (s *Server) fullRepositoryJSON(r *Repository) object {
	o := s.ownRepositoryJSON(r)
	o["network_count"], o["subscribers_count"] = o["forks_count"], 0
	if r.parent != nil {
		o["parent"] = s.repositoryJSON(r.parent)
		o["source"] = s.repositoryJSON(r.parent)
	}
	return o
}

// namedRepositoryJSON is the short form in installation events.
func (s *Server) namedRepositoryJSON(r *Repository) object {
	return object{"id": r.ID, "node_id": fmt.Sprintf("R_%d", r.ID), "name": r.Name, "full_name": r.FullName(), "private": r.private}
}

func (s *Server) appJSON(a *app) object {
	return object{
		"id": a.id, "client_id": a.client(), "slug": a.slug, "node_id": fmt.Sprintf("A_%d", a.id), "owner": s.userJSON(a.owner),
		"name": a.slug, "description": "", "external_url": s.html("/apps/%s/about", a.slug), "html_url": s.html("/apps/%s", a.slug),
		"created_at": stampJSON(a.created), "updated_at": stampJSON(a.created), "permissions": a.permissions, "events": a.events,
	}
}

func (s *Server) installationJSON(in *Installation) object {
	selection := "selected"
	if in.all {
		selection = "all"
	}
	o := object{
		"id": in.ID, "client_id": s.app.client(), "account": s.userJSON(in.account), "repository_selection": selection,
		"access_tokens_url": s.api("/app/installations/%d/access_tokens", in.ID), "repositories_url": s.api("/installation/repositories"),
		"html_url": s.html("/settings/installations/%d", in.ID), "app_id": s.app.id, "app_slug": s.app.slug, "target_id": in.account.id,
		"target_type": in.account.kind, "permissions": in.permissions, "events": s.app.events, "created_at": stampJSON(in.created),
		"updated_at": stampJSON(in.created), "single_file_name": nil, "has_multiple_single_files": false, "single_file_paths": []string{},
		"suspended_by": nil, "suspended_at": stampJSON(in.suspended),
	}
	if !in.suspended.IsZero() {
		o["suspended_by"] = s.userJSON(in.account)
	}
	return o
}

// branchJSON is the head or base of a pull request.
func (s *Server) branchJSON(owner *user, branch, sha string, r *Repository) object {
	o := object{"label": owner.login + ":" + branch, "ref": branch, "sha": sha, "user": s.userJSON(owner), "repo": nil}
	if r != nil {
		o["repo"] = s.repositoryJSON(r)
	}
	return o
}

// pullSimpleJSON is a pull request in lists.
func (s *Server) pullSimpleJSON(p *Pull) object {
	api, html := s.api("/repos/%s", p.repository.FullName()), s.html("/%s/pull/%d", p.repository.FullName(), p.Number)
	self, issue := fmt.Sprintf("%s/pulls/%d", api, p.Number), fmt.Sprintf("%s/issues/%d", api, p.Number)
	state := "open"
	if !p.open {
		state = "closed"
	}
	statuses := api + "/statuses/" + p.headSHA
	o := object{
		"url": self, "id": p.id, "node_id": fmt.Sprintf("PR_%d", p.id), "html_url": html, "diff_url": html + ".diff", "patch_url": html + ".patch",
		"issue_url": issue, "number": p.Number, "state": state, "locked": false, "title": p.title, "user": s.userJSON(p.author), "body": orNil(p.body),
		"created_at": stampJSON(p.created), "updated_at": stampJSON(p.updated), "closed_at": stampJSON(p.closed), "merged_at": stampJSON(p.merged),
		"merge_commit_sha": orNil(p.mergeCommit), "assignee": nil, "assignees": []any{}, "requested_reviewers": []any{}, "requested_teams": []any{},
		"labels": []any{}, "milestone": nil, "draft": p.draft, "commits_url": self + "/commits", "review_comments_url": self + "/comments",
		"review_comment_url": api + "/pulls/comments{/number}", "comments_url": issue + "/comments", "statuses_url": statuses,
		"head": s.branchJSON(p.headOwner, p.headBranch, p.headSHA, p.source()), "base": s.branchJSON(p.repository.owner, p.baseBranch, p.baseSHA, p.repository),
		"author_association": "CONTRIBUTOR", "auto_merge": nil, "active_lock_reason": nil,
	}
	links := object{}
	for name, address := range map[string]string{"self": self, "html": html, "issue": issue, "comments": issue + "/comments", "review_comments": self + "/comments",
		"review_comment": api + "/pulls/comments{/number}", "commits": self + "/commits", "statuses": statuses} {
		links[name] = object{"href": address}
	}
	o["_links"] = links
	return o
}

// pullJSON is a whole pull request.
func (s *Server) pullJSON(ctx context.Context, p *Pull) (object, error) {
	files, err := p.diff(ctx, p.headSHA)
	if err != nil {
		return nil, err
	}
	commits, err := p.commits(ctx)
	if err != nil {
		return nil, err
	}
	additions, deletions := 0, 0
	for _, f := range files {
		additions, deletions = additions+f.additions, deletions+f.deletion
	}
	o := s.pullSimpleJSON(p)
	o["merged"], o["merged_by"], o["mergeable"], o["rebaseable"], o["mergeable_state"] = !p.merged.IsZero(), nil, true, true, "clean"
	if !p.merged.IsZero() {
		o["merged_by"] = s.userJSON(p.author)
	}
	o["comments"], o["review_comments"], o["maintainer_can_modify"] = len(p.talk), len(p.comments), false
	o["commits"], o["additions"], o["deletions"], o["changed_files"] = len(commits), additions, deletions, len(files)
	return o, nil
}

// pullMinimalJSON is a pull request in check runs and suites.
func (s *Server) pullMinimalJSON(p *Pull) object {
	side := func(branch, sha string, r *Repository) object {
		return object{"ref": branch, "sha": sha, "repo": object{"id": r.ID, "url": s.api("/repos/%s", r.FullName()), "name": r.Name}}
	}
	return object{
		"url": s.api("/repos/%s/pulls/%d", p.repository.FullName(), p.Number), "id": p.id, "number": p.Number,
		"head": side(p.headBranch, p.headSHA, p.head), "base": side(p.baseBranch, p.baseSHA, p.repository),
	}
}

// pullsOfCommit lists what GitHub shows in checks: the open pull requests with that
// head, those from forks left out.
func (s *Server) pullsOfCommit(r *Repository, sha string) []object {
	pulls := []object{}
	for _, p := range r.pulls {
		if p.open && p.headSHA == sha && p.head == r {
			pulls = append(pulls, s.pullMinimalJSON(p))
		}
	}
	return pulls
}

// commitJSON is a commit in GET commits/SHA, compare and branches.
func (s *Server) commitJSON(r *Repository, c commit) object {
	api := s.api("/repos/%s", r.FullName())
	parents := []object{}
	for _, parent := range c.parents {
		parents = append(parents, object{"sha": parent, "url": api + "/commits/" + parent, "html_url": s.html("/%s/commit/%s", r.FullName(), parent)})
	}
	person := func(g signature) object { return object{"name": g.name, "email": g.email, "date": stampJSON(g.at)} }
	return object{
		"sha": c.sha, "node_id": "C_" + c.sha, "url": api + "/commits/" + c.sha, "html_url": s.html("/%s/commit/%s", r.FullName(), c.sha),
		"comments_url": api + "/commits/" + c.sha + "/comments", "author": nil, "committer": nil, "parents": parents,
		"commit": object{
			"author": person(c.author), "committer": person(c.committer), "message": c.message, "comment_count": 0,
			"tree": object{"sha": c.tree, "url": api + "/git/trees/" + c.tree}, "url": api + "/git/commits/" + c.sha,
			"verification": object{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil},
		},
	}
}

// headCommitJSON is the short form in suites and merge groups.
func headCommitJSON(c commit) object {
	person := func(g signature) object { return object{"name": g.name, "email": g.email} }
	return object{"id": c.sha, "tree_id": c.tree, "message": c.message, "timestamp": stampJSON(c.committer.at), "author": person(c.author), "committer": person(c.committer)}
}

// pushedCommitJSON is a commit in a push event.
func (s *Server) pushedCommitJSON(r *Repository, c commit) object {
	o := headCommitJSON(c)
	o["distinct"], o["url"] = true, s.html("/%s/commit/%s", r.FullName(), c.sha)
	o["added"], o["removed"], o["modified"] = []string{}, []string{}, []string{}
	return o
}

// fileJSON is a file of a comparison.
func (s *Server) fileJSON(r *Repository, head string, f fileDiff) object {
	path := escaped(f.path)
	o := object{
		"sha": f.sha, "filename": f.path, "status": f.status, "additions": f.additions, "deletions": f.deletion, "changes": f.additions + f.deletion,
		"blob_url": s.html("/%s/blob/%s/%s", r.FullName(), head, path), "raw_url": s.html("/%s/raw/%s/%s", r.FullName(), head, path),
		"contents_url": s.api("/repos/%s/contents/%s?ref=%s", r.FullName(), path, head),
	}
	if f.patch != "" {
		o["patch"] = f.patch
	}
	if f.previous != "" {
		o["previous_filename"] = f.previous
	}
	return o
}
