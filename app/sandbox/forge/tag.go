package forge

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Tag sets a tag to a commit, or to the tip of a branch. Where it is there already it is
// moved, by force.
func (r *Repository) Tag(ctx context.Context, name, at string) error {
	if err := checkBranch(name); err != nil {
		return err
	}
	s := r.server
	s.mu.Lock()
	sha, err := r.resolve(ctx, at)
	if err == nil {
		err = r.moveTag(ctx, name, sha)
	}
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("tag %s of %s: %w", name, r.FullName(), err)
	}
	return s.flush(ctx)
}

// Annotate is Tag with an object of its own for the tag, which has a message.
func (r *Repository) Annotate(ctx context.Context, name, at, message string) error {
	if err := checkBranch(name); err != nil {
		return err
	}
	s := r.server
	s.mu.Lock()
	sha, err := r.resolve(ctx, at)
	if err == nil {
		text := fmt.Sprintf("object %s\ntype commit\ntag %s\ntagger %s\n\n%s\n", sha, name, stamp(s.nextDate()), message)
		var out []byte
		if out, err = r.git.run(ctx, strings.NewReader(text), "mktag"); err == nil {
			err = r.moveTag(ctx, name, strings.TrimSpace(string(out)))
		}
	}
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("tag %s of %s: %w", name, r.FullName(), err)
	}
	return s.flush(ctx)
}

// DeleteTag removes a tag. A release that was made of it stays, as a draft.
func (r *Repository) DeleteTag(ctx context.Context, name string) error {
	if err := checkBranch(name); err != nil {
		return err
	}
	s := r.server
	s.mu.Lock()
	err := r.moveTag(ctx, name, "")
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("tag %s of %s: %w", name, r.FullName(), err)
	}
	return s.flush(ctx)
}

// Publish makes a release of a tag, which is there already.
func (r *Repository) Publish(ctx context.Context, tag string) error {
	s := r.server
	s.mu.Lock()
	_, err := r.resolve(ctx, "tags/"+tag)
	if err == nil {
		s.emitRelease(r, tag, "published", nil)
	}
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("release %s of %s: %w", tag, r.FullName(), err)
	}
	return s.flush(ctx)
}

// Unpublish deletes the release of a tag. The tag stays.
func (r *Repository) Unpublish(ctx context.Context, tag string) error {
	s := r.server
	s.mu.Lock()
	s.emitRelease(r, tag, "deleted", nil)
	s.mu.Unlock()
	return s.flush(ctx)
}

// moveTag sets a tag, or removes it, and tells of it. A tag asks for no check suite.
func (r *Repository) moveTag(ctx context.Context, name, sha string) error {
	s, ref := r.server, r.refs()+"tags/"+name
	before, _, err := r.git.object(ctx, ref)
	if err != nil && !errors.Is(err, errNoObject) {
		return err
	}
	switch {
	case before == sha:
		return nil
	case sha == "":
		err = r.git.deleteRef(ctx, ref)
	default:
		err = r.git.updateRef(ctx, ref, sha)
	}
	if err != nil {
		return err
	}
	sender := s.person("")
	in, payload := s.about(r, "push", sender)
	if in == nil || !permits(in.permissions, "contents", "read") {
		return nil
	}
	repository := payload["repository"].(object)
	repository["created_at"], repository["pushed_at"] = r.created.Unix(), r.pushed.Unix()
	repository["stargazers"], repository["master_branch"] = 0, r.defaultBranch
	payload["ref"], payload["base_ref"], payload["commits"], payload["head_commit"] = "refs/tags/"+name, nil, []object{}, nil
	payload["created"], payload["deleted"], payload["forced"] = before == "", sha == "", before != "" && sha != ""
	if sha != "" {
		at, err := r.git.resolve(ctx, sha)
		if err != nil {
			return err
		}
		commits, err := r.git.commits(ctx, at)
		if err != nil {
			return err
		}
		payload["head_commit"] = s.pushedCommitJSON(r, commits[0])
	}
	if before == "" {
		before = noCommit
	}
	if sha == "" {
		sha = noCommit
	}
	payload["before"], payload["after"] = before, sha
	payload["compare"] = s.html("/%s/compare/%s", r.FullName(), name)
	payload["pusher"] = object{"name": sender.login, "email": identityEmail}
	s.emit("push", "", in, r, payload)
	return nil
}

// emitRelease tells of a release of a tag.
func (s *Server) emitRelease(r *Repository, tag, action string, extra object) {
	sender := s.person("")
	in, payload := s.about(r, "release", sender)
	if in == nil || !permits(in.permissions, "contents", "read") {
		return
	}
	at, api := stampJSON(s.now()), s.api("/repos/%s/releases/1", r.FullName())
	payload["release"] = object{
		"id": 1, "node_id": "RE_1", "url": api, "html_url": s.html("/%s/releases/tag/%s", r.FullName(), escaped(tag)),
		"assets": []object{}, "assets_url": api + "/assets", "upload_url": api + "/assets{?name,label}",
		"tarball_url": s.api("/repos/%s/tarball/%s", r.FullName(), escaped(tag)), "zipball_url": s.api("/repos/%s/zipball/%s", r.FullName(), escaped(tag)),
		"author": s.userJSON(sender), "body": nil, "name": tag, "tag_name": tag, "target_commitish": r.defaultBranch,
		"created_at": at, "updated_at": at, "published_at": at, "draft": false, "prerelease": false, "immutable": false,
	}
	for key, value := range extra {
		payload[key] = value
	}
	s.emit("release", action, in, r, payload)
}

// object is what a reference is at: a commit, or the object of an annotated tag.
func (g *git) object(ctx context.Context, ref string) (sha, kind string, err error) {
	list, err := g.run(ctx, nil, "for-each-ref", "--format=%(refname) %(objectname) %(objecttype)", ref)
	if err != nil {
		return "", "", err
	}
	for line := range strings.Lines(string(list)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == ref {
			return fields[1], fields[2], nil
		}
	}
	return "", "", errNoObject
}

func getTagRef(c *call, name string) (reply, error) {
	sha, kind, err := c.repo.git.object(c.ctx(), c.repo.refs()+name)
	if errors.Is(err, errNoObject) {
		return reply{}, errMissing
	} else if err != nil {
		return reply{}, err
	}
	return ok(object{"ref": "refs/" + name, "node_id": "REF_" + name, "url": c.api("/repos/%s/git/refs/%s", c.repo.FullName(), escaped(name)),
		"object": object{"type": kind, "sha": sha, "url": c.api("/repos/%s/git/%ss/%s", c.repo.FullName(), kind, sha)}})
}

// getTag is the object of an annotated tag.
func getTag(c *call) (reply, error) {
	sha := c.r.PathValue("sha")
	if !isSHA(sha) {
		return reply{}, errMissing
	}
	o, err := c.repo.git.read(c.ctx(), sha, maxContentsJSON)
	if err != nil {
		return reply{}, err
	}
	if o.kind != "tag" {
		return reply{}, errMissing
	}
	header, message, _ := strings.Cut(string(o.data), "\n\n")
	about := object{}
	for line := range strings.Lines(header) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		about[key] = value
	}
	return ok(object{
		"sha": sha, "node_id": "TA_" + sha, "url": c.api("/repos/%s/git/tags/%s", c.repo.FullName(), sha), "tag": about["tag"], "message": message,
		"tagger":       object{"name": identityName, "email": identityEmail, "date": stampJSON(c.now())},
		"object":       object{"type": about["type"], "sha": about["object"], "url": c.api("/repos/%s/git/%ss/%s", c.repo.FullName(), about["type"], about["object"])},
		"verification": object{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil},
	})
}
