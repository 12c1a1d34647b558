package standin

import (
	"fmt"
	"time"

	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// object is a JSON object of GitHub's shape.
type object = map[string]any

const (
	apiURL  = "https://api.github.com"
	htmlURL = "https://github.com"
	stamp   = "2026-03-01T12:00:00Z" // when everything happened
)

var (
	permissions = object{"checks": "write", "contents": "read", "metadata": "read", "pull_requests": "write", "merge_queues": "read"}
	theApp      = object{
		"id": AppID, "client_id": "Iv1.standin", "slug": "standin", "node_id": "A", "owner": user("operator"), "name": "standin", "description": "", "external_url": htmlURL,
		"html_url": htmlURL + "/apps/standin", "created_at": stamp, "updated_at": stamp, "permissions": permissions, "events": []string{"pull_request"},
	}
)

func user(login string) object {
	api := apiURL + "/users/" + login
	return object{
		"login": login, "id": 1, "node_id": "U_1", "avatar_url": htmlURL + "/avatars/1", "gravatar_id": "", "url": api, "html_url": htmlURL + "/" + login,
		"followers_url": api + "/followers", "following_url": api + "/following{/other_user}", "gists_url": api + "/gists{/gist_id}",
		"starred_url": api + "/starred{/owner}{/repo}", "subscriptions_url": api + "/subscriptions", "organizations_url": api + "/orgs", "repos_url": api + "/repos",
		"events_url": api + "/events{/privacy}", "received_events_url": api + "/received_events", "type": "User", "site_admin": false,
	}
}

func (r *Repository) api(format string, args ...any) string {
	return apiURL + "/repos/" + r.Owner + "/" + r.Name + fmt.Sprintf(format, args...)
}

func (r *Repository) html(format string, args ...any) string {
	return htmlURL + "/" + r.Owner + "/" + r.Name + fmt.Sprintf(format, args...)
}

func (r *Repository) json() object {
	html := r.html("")
	o := object{
		"id": r.ID, "node_id": fmt.Sprintf("R_%d", r.ID), "name": r.Name, "full_name": r.Owner + "/" + r.Name, "private": false, "owner": user(r.Owner), "html_url": html,
		"description": nil, "fork": false, "url": r.api(""), "git_url": "git:" + html, "ssh_url": "git@github.com:" + r.Name, "clone_url": html + ".git", "svn_url": html,
		"homepage": nil, "size": 1, "stargazers_count": 0, "watchers_count": 0, "watchers": 0, "language": nil, "has_issues": true, "has_projects": true,
		"has_downloads": true, "has_wiki": false, "has_pages": false, "has_discussions": false, "forks_count": 0, "forks": 0, "mirror_url": nil, "archived": false,
		"disabled": false, "open_issues_count": 1, "open_issues": 1, "license": nil, "allow_forking": true, "is_template": false, "web_commit_signoff_required": false,
		"topics": []string{}, "visibility": "public", "default_branch": "main", "created_at": stamp, "updated_at": stamp, "pushed_at": stamp,
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
		o[field] = r.api("%s", rest)
	}
	return o
}

// own is a repository where it is the subject.
func (r *Repository) own() object {
	o := r.json()
	o["custom_properties"], o["network_count"], o["subscribers_count"] = object{}, 0, 0
	return o
}

func (p *Pull) branch() string { return fmt.Sprintf("update-%d", p.Number) }

// pull is a pull request in lists.
func (r *Repository) pull(p *Pull) object {
	self, html, issue := r.api("/pulls/%d", p.Number), r.html("/pull/%d", p.Number), r.api("/issues/%d", p.Number)
	statuses := r.api("/statuses/%s", p.Head)
	side := func(branch, sha string) object {
		return object{"label": r.Owner + ":" + branch, "ref": branch, "sha": sha, "user": user(r.Owner), "repo": r.json()}
	}
	links := object{}
	for name, address := range map[string]string{"self": self, "html": html, "issue": issue, "comments": issue + "/comments", "review_comments": self + "/comments",
		"review_comment": r.api("/pulls/comments{/number}"), "commits": self + "/commits", "statuses": statuses} {
		links[name] = object{"href": address}
	}
	return object{
		"url": self, "id": r.ID*1000 + int64(p.Number), "node_id": "PR", "html_url": html, "diff_url": html + ".diff", "patch_url": html + ".patch", "issue_url": issue,
		"number": p.Number, "state": "open", "locked": false, "title": "Update 20 packages", "user": user(r.Owner), "body": "As every week.", "created_at": stamp,
		"updated_at": stamp, "closed_at": nil, "merged_at": nil, "merge_commit_sha": nil, "assignee": nil, "assignees": []any{}, "requested_reviewers": []any{},
		"requested_teams": []any{}, "labels": []any{}, "milestone": nil, "draft": false, "commits_url": self + "/commits", "review_comments_url": self + "/comments",
		"review_comment_url": r.api("/pulls/comments{/number}"), "comments_url": issue + "/comments", "statuses_url": statuses,
		"head": side(p.branch(), p.Head), "base": side("main", r.tip), "author_association": "CONTRIBUTOR", "auto_merge": nil, "active_lock_reason": nil, "_links": links,
	}
}

func (r *Repository) commit(sha string) object {
	person := object{"name": "Somebody", "email": "somebody@example.com", "date": stamp}
	return object{
		"sha": sha, "node_id": "C_" + sha, "url": r.api("/commits/%s", sha), "html_url": r.html("/commit/%s", sha), "comments_url": r.api("/commits/%s/comments", sha),
		"author": nil, "committer": nil, "parents": []object{}, "commit": object{"author": person, "committer": person, "message": "Update", "comment_count": 0,
			"tree": object{"sha": digest("tree of %s", sha), "url": r.api("/git/trees/%s", digest("tree of %s", sha))}, "url": r.api("/git/commits/%s", sha),
			"verification": object{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil}},
	}
}

func (r *Repository) entry(path, sha string, size int) object {
	return object{"path": path, "mode": "100644", "type": "blob", "sha": sha, "size": size, "url": r.api("/git/blobs/%s", sha)}
}

// file is the lockfile in a comparison.
func (r *Repository) file(head, sha string) object {
	return object{"sha": sha, "filename": lockfile, "status": "modified", "additions": 60, "deletions": 60, "changes": 120, "blob_url": r.html("/blob/%s/%s", head, lockfile),
		"raw_url": r.html("/raw/%s/%s", head, lockfile), "contents_url": r.api("/contents/%s?ref=%s", lockfile, head)}
}

func (r *Repository) comparison(base, head, status string, files []object) object {
	html, commits := r.html("/compare/%s...%s", base, head), []object{}
	if status == "ahead" {
		commits = append(commits, r.commit(head))
	}
	return object{
		"url": r.api("/compare/%s...%s", base, head), "html_url": html, "permalink_url": html, "diff_url": html + ".diff", "patch_url": html + ".patch",
		"base_commit": r.commit(base), "merge_base_commit": r.commit(base), "status": status, "ahead_by": len(commits), "behind_by": 0, "total_commits": len(commits),
		"commits": commits, "files": files,
	}
}

// attempt is the run of a build, which went well.
func (r *Repository) attempt(b sigstore.Build) object {
	self := r.api("/actions/runs/%d", b.RunID)
	return object{
		"id": b.RunID, "name": "Release", "node_id": "WFR", "head_branch": "main", "head_sha": b.Commit, "path": b.Workflow, "run_number": 1, "run_attempt": b.Attempt,
		"event": b.Trigger, "status": "completed", "conclusion": "success", "workflow_id": 1, "url": self, "html_url": r.html("/actions/runs/%d", b.RunID),
		"pull_requests": []object{}, "created_at": stamp, "updated_at": stamp, "jobs_url": self + "/jobs", "logs_url": self + "/logs",
		"check_suite_url": r.api("/check-suites/1"), "artifacts_url": self + "/artifacts", "cancel_url": self + "/cancel", "rerun_url": self + "/rerun",
		"workflow_url": r.api("/actions/workflows/1"), "repository": r.json(), "head_repository": r.json(), "display_title": "Release",
		"head_commit": object{"id": b.Commit, "tree_id": b.Commit, "message": "Release", "timestamp": stamp,
			"author": object{"name": "Somebody", "email": "somebody@example.com"}, "committer": object{"name": "Somebody", "email": "somebody@example.com"}},
	}
}

// job is the one job of that run.
func (r *Repository) job(b sigstore.Build) object {
	run := r.api("/actions/runs/%d", b.RunID)
	return object{
		"id": 1, "run_id": b.RunID, "run_url": run, "run_attempt": b.Attempt, "node_id": "CR", "head_sha": b.Commit, "url": r.api("/actions/jobs/1"),
		"html_url": r.html("/actions/runs/%d/job/1", b.RunID), "status": "completed", "conclusion": "success", "created_at": stamp, "started_at": stamp, "completed_at": stamp,
		"name": "publish", "check_run_url": r.api("/check-runs/1"), "labels": []string{"ubuntu-latest"}, "runner_id": 1, "runner_name": "GitHub Actions 1",
		"runner_group_id": 1, "runner_group_name": "GitHub Actions", "workflow_name": "Release", "head_branch": "main",
	}
}

// json is a check run.
func (r *run) json() object {
	orNil := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	at := func(t *time.Time) any {
		if t == nil {
			return nil
		}
		return t.UTC().Format(time.RFC3339)
	}
	api, html := r.repo.api("/check-runs/%d", r.id), r.repo.html("/runs/%d", r.id)
	details := r.DetailsURL
	if details == "" {
		details = html
	}
	return object{
		"id": r.id, "node_id": "CR", "name": r.Name, "head_sha": r.head, "external_id": r.ExternalID, "url": api, "html_url": html, "details_url": details,
		"status": r.Status, "conclusion": orNil(r.Conclusion), "started_at": at(&r.at), "completed_at": at(r.CompletedAt), "check_suite": object{"id": 1},
		"output": object{"title": orNil(r.Output.Title), "summary": orNil(r.Output.Summary), "text": orNil(r.Output.Text),
			"annotations_count": len(r.Output.Annotations), "annotations_url": api + "/annotations"},
		"app": theApp, "pull_requests": []object{},
	}
}
