package forge

import (
	"context"
	"slices"
)

const noCommit = "0000000000000000000000000000000000000000"

// about fills in what every event about a repository carries. It returns nil when
// nobody is to be told: the App is not installed there, or has not subscribed.
func (s *Server) about(r *Repository, event string, sender *user) (*Installation, object) {
	in := s.installationOf(r)
	if in == nil || !in.suspended.IsZero() || !slices.Contains(s.app.events, event) {
		return nil, nil
	}
	payload := object{"repository": s.ownRepositoryJSON(r), "sender": s.userJSON(sender),
		"installation": object{"id": in.ID, "node_id": "I_" + in.account.login}}
	if r.owner.kind == "Organization" {
		payload["organization"] = s.organizationJSON(r.owner)
	}
	return in, payload
}

func (s *Server) emitPull(ctx context.Context, p *Pull, action string, sender *user, extra object) {
	in, payload := s.about(p.repository, "pull_request", sender)
	if in == nil || !permits(in.permissions, "pull_requests", "read") {
		return
	}
	pull, err := s.pullJSON(ctx, p)
	if err != nil { // the comparison cannot be made, e.g. its base branch went: the short form is right too
		pull = s.pullSimpleJSON(p)
	}
	payload["number"], payload["pull_request"] = p.Number, pull
	for key, value := range extra {
		payload[key] = value
	}
	s.emit("pull_request", action, in, p.repository, payload)
}

// emitPush tells of a moved branch, and requests the App's check suite for it.
func (s *Server) emitPush(ctx context.Context, r *Repository, branch, before, after string, sender *user) error {
	if s.installationOf(r) == nil {
		return nil
	}
	in, payload := s.about(r, "push", sender)
	shas, forced := []string{after}, false
	if before != "" {
		base, err := r.git.mergeBase(ctx, before, after)
		if err != nil {
			return err
		}
		forced = base != before
		if shas, err = r.git.between(ctx, before, after); err != nil {
			return err
		}
	}
	commits, err := r.git.commits(ctx, append(shas, after)...)
	if err != nil {
		return err
	}
	head := commits[len(commits)-1]
	if in != nil && permits(in.permissions, "contents", "read") {
		list := []object{}
		for _, c := range commits[:len(commits)-1] {
			list = append(list, s.pushedCommitJSON(r, c))
		}
		created := before == ""
		if created {
			before = noCommit
		}
		repository := payload["repository"].(object)
		repository["created_at"], repository["pushed_at"] = r.created.Unix(), r.pushed.Unix()
		repository["stargazers"], repository["master_branch"] = 0, r.defaultBranch
		payload["ref"], payload["before"], payload["after"], payload["base_ref"] = "refs/heads/"+branch, before, after, nil
		payload["created"], payload["deleted"], payload["forced"] = created, false, forced
		payload["compare"] = s.html("/%s/compare/%s...%s", r.FullName(), before[:12], after[:12])
		payload["commits"], payload["head_commit"] = list, s.pushedCommitJSON(r, head)
		payload["pusher"] = object{"name": sender.login, "email": identityEmail}
		s.emit("push", "", in, r, payload)
	}
	suite := s.suite(r, &s.app, after)
	suite.branch = branch
	return s.emitSuite(ctx, suite, "requested", sender)
}

func (s *Server) emitSuite(ctx context.Context, suite *checkSuite, action string, sender *user) error {
	in, payload := s.about(suite.repository, "check_suite", sender)
	if in == nil || suite.app != &s.app || !permits(in.permissions, "checks", "read") {
		return nil
	}
	shape, err := s.suiteJSON(ctx, suite)
	if err != nil {
		return err
	}
	delete(shape, "repository")
	delete(shape["app"].(object), "events") // optional there, and GitHub's description does not know merge_group among them
	payload["check_suite"] = shape
	s.emit("check_suite", action, in, suite.repository, payload)
	return nil
}

func (s *Server) emitRun(run *checkRun, action string, sender *user, extra object) {
	in, payload := s.about(run.suite.repository, "check_run", sender)
	if in == nil || run.suite.app != &s.app || !permits(in.permissions, "checks", "read") {
		return
	}
	shape := s.runJSON(run)
	shape["check_suite"] = s.runSuiteJSON(run.suite)
	payload["check_run"] = shape
	for key, value := range extra {
		payload[key] = value
	}
	s.emit("check_run", action, in, run.suite.repository, payload)
}

func (s *Server) emitMergeGroup(ctx context.Context, m *MergeGroup, action string, extra object) error {
	in, payload := s.about(m.repository, "merge_group", s.person(""))
	if in == nil || !permits(in.permissions, "merge_queues", "read") {
		return nil
	}
	commits, err := m.repository.git.commits(ctx, m.HeadSHA)
	if err != nil {
		return err
	}
	payload["merge_group"] = object{"head_sha": m.HeadSHA, "head_ref": m.HeadRef, "base_sha": m.BaseSHA, "base_ref": m.BaseRef, "head_commit": headCommitJSON(commits[0])}
	for key, value := range extra {
		payload[key] = value
	}
	s.emit("merge_group", action, in, m.repository, payload)
	return nil
}

// emitInstallation tells of an installation itself; every App is told.
func (s *Server) emitInstallation(in *Installation, action string) {
	repositories := []object{}
	for _, r := range in.covered() {
		repositories = append(repositories, s.namedRepositoryJSON(r))
	}
	payload := object{"installation": s.installationJSON(in), "sender": s.userJSON(in.account)}
	switch action {
	case "created":
		payload["repositories"], payload["requester"] = repositories, nil
	case "deleted":
		payload["repositories"] = repositories
	}
	s.emit("installation", action, in, nil, payload)
}

func (s *Server) emitInstallationRepositories(in *Installation, action string, repositories []*Repository) {
	lists := map[string][]object{"repositories_added": {}, "repositories_removed": {}}
	for _, r := range repositories {
		lists["repositories_"+action] = append(lists["repositories_"+action], s.namedRepositoryJSON(r))
	}
	payload := object{"installation": s.installationJSON(in), "repository_selection": "selected", "requester": nil, "sender": s.userJSON(in.account)}
	for name, list := range lists {
		payload[name] = list
	}
	s.emit("installation_repositories", action, in, nil, payload)
}

// Ping sends the event that GitHub sends when a webhook is set up.
func (s *Server) Ping(ctx context.Context) error {
	s.mu.Lock()
	s.emit("ping", "", nil, nil, object{"zen": "Anything added dilutes everything else.", "hook_id": s.app.id + 1, "hook": object{
		"type": "App", "id": s.app.id + 1, "name": "web", "active": true, "events": s.app.events, "app_id": s.app.id,
		"config":     object{"content_type": "json", "insecure_ssl": "0", "secret": "********", "url": s.webhookURL},
		"updated_at": stampJSON(s.app.created), "created_at": stampJSON(s.app.created), "deliveries_url": s.api("/app/hook/deliveries"),
	}})
	s.mu.Unlock()
	return s.flush(ctx)
}
