package handlers

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/review"
)

// run translates a payload the way a delivery does, without storing.
func translate(t testing.TB, event string, payload []byte) ([]queue.Job, error) {
	t.Helper()
	for _, h := range All(ours, nil) {
		h := h.(handler)
		if h.event != event {
			continue
		}
		jobs, err := h.translate(payload)
		for _, job := range jobs {
			if err == nil {
				err = validate(job)
			}
		}
		return jobs, err
	}
	t.Fatalf("nothing handles %s", event)
	return nil, nil
}

func TestEventsBecomeJobs(t *testing.T) {
	base := queue.Job{Installation: 9, RepositoryID: 5, Owner: "acme", Repo: "web"}
	job := func(kind queue.JobKind, reason string, change func(*queue.Job)) []queue.Job {
		j := base
		j.Kind, j.Reason = kind, reason
		if change != nil {
			change(&j)
		}
		return []queue.Job{j}
	}
	pull := func(action, more string) string {
		return fmt.Sprintf(`{"action":%q,"number":7,"pull_request":{"number":7,"head":{"sha":%q,"repo":null}}%s,%s}`, action, head, more, where)
	}
	run := func(action, app, external string) string {
		return fmt.Sprintf(`{"action":%q,"check_run":{"head_sha":%q,"external_id":%q,"app":%s},%s}`, action, head, external, app, where)
	}
	const octocat = `{"id":2,"login":"octocat","type":"User"}`
	clicked := func(identifier, app, external, sender string) string {
		return strings.Replace(run("requested_action", app, external), "{", fmt.Sprintf(`{"requested_action":{"identifier":%q},"sender":%s,`, identifier, sender), 1)
	}
	click := func(button string, offered int64) func(*queue.Job) {
		return func(j *queue.Job) {
			j.Number, j.Head, j.Clicked, j.Offered, j.By, j.ByID = 7, head, button, offered, "octocat", 2
		}
	}
	pushed := func(ref, after string, deleted bool) string {
		place := strings.Replace(where, `"full_name"`, `"default_branch":"main","full_name"`, 1)
		return fmt.Sprintf(`{"ref":%q,"after":%q,"deleted":%v,%s}`, ref, after, deleted, place)
	}
	number := func(j *queue.Job) { j.Number = 7 }
	live := func(j *queue.Job) { j.Number, j.EventHead = 7, head }
	commit := func(j *queue.Job) { j.Head = head }
	group := func(j *queue.Job) { j.Head, j.Base, j.BaseRef = head, before, "release/1.x" }
	app := fmt.Sprintf(`{"id":%d}`, ours)
	everywhere := func(reason string) []queue.Job {
		return []queue.Job{{Kind: queue.Installed, Installation: 9, Reason: reason}}
	}

	look := func(reason string, bulk bool) queue.Job {
		return queue.Job{Kind: queue.Inventory, Installation: 9, RepositoryID: 5, Owner: "acme", Repo: "web", Reason: reason, Bulk: bulk}
	}

	tagged := func(reason, tag string) queue.Job {
		return queue.Job{Kind: queue.Release, Installation: 9, RepositoryID: 5, Owner: "acme", Repo: "web", Reason: reason, Tag: tag, Bulk: true}
	}
	accept := "/bonafide accept npm:a@1.0.0 too-new it is ours\r\nmore"
	remark := func(action, what, body, author, sender, more string) string {
		return fmt.Sprintf(`{"action":%q,%q:{"id":33,"body":%s,"user":%s,"commit_id":%q},"pull_request":{"number":7,"head":{"sha":%q}},"sender":%s%s,%s}`,
			action, what, body, author, before, head, sender, more, where)
	}
	quoted := func(body string) string { raw, _ := json.Marshal(body); return string(raw) }
	const person, bot = `{"type":"User"}`, `{"type":"Bot"}`
	command := func(kind, looked string) func(*queue.Job) {
		return func(j *queue.Job) {
			j.Number, j.Remark, j.RemarkKind, j.EventHead, j.Digest = 7, 33, kind, looked, review.RemarkDigest(accept)
		}
	}
	retract := func(kind string) func(*queue.Job) {
		return func(j *queue.Job) { j.Number, j.Remark, j.RemarkKind = 7, 33, kind }
	}
	talk := func(action, pull string) string {
		return fmt.Sprintf(`{"action":%q,"comment":{"id":33,"body":%s,"user":%s},"issue":{"number":7%s},"sender":%s,%s}`, action, quoted(accept), person, pull, person, where)
	}

	tests := []struct {
		name, event, payload string
		want                 []queue.Job
	}{
		{"a command", "pull_request_review", remark("submitted", "review", quoted(accept), person, person, ""), job(queue.Command, "submitted", command("review", before))},
		{"a command", "pull_request_review_comment", remark("created", "comment", quoted(accept), person, person, ""), job(queue.Command, "created", command("review_comment", head))},
		{"a command in the conversation", "issue_comment", talk("created", `,"pull_request":{"url":"x"}`), job(queue.Command, "created", command("issue_comment", ""))},
		{"a command on an issue", "issue_comment", talk("created", ""), nil},
		{"no command", "pull_request_review", remark("submitted", "review", quoted("I would /bonafide accept this"), person, person, ""), nil},
		{"a command in the second line", "pull_request_review_comment", remark("created", "comment", quoted("Hm.\n"+accept), person, person, ""), nil},
		{"another word", "pull_request_review_comment", remark("created", "comment", quoted("/bonafidest accept"), person, person, ""), nil},
		{"no text", "pull_request_review", remark("submitted", "review", "null", person, person, ""), nil},
		{"a bot's", "pull_request_review_comment", remark("created", "comment", quoted(accept), bot, bot, ""), nil},
		{"sent by a bot", "pull_request_review_comment", remark("created", "comment", quoted(accept), person, bot, ""), nil},
		{"of a deleted account", "pull_request_review", remark("submitted", "review", quoted(accept), "null", person, ""), nil},
		{"edited away", "pull_request_review", remark("edited", "review", quoted("x"), person, person, `,"changes":{"body":{"from":`+quoted(accept)+`}}`), job(queue.Retract, "edited", retract("review"))},
		{"edited into a command", "pull_request_review_comment", remark("edited", "comment", quoted(accept), person, person, `,"changes":{"body":{"from":"x"}}`), job(queue.Retract, "edited", retract("review_comment"))},
		{"edited by a bot", "pull_request_review_comment", remark("edited", "comment", quoted("x"), person, bot, `,"changes":{"body":{"from":`+quoted(accept)+`}}`), job(queue.Retract, "edited", retract("review_comment"))},
		{"something else is edited", "pull_request_review", remark("edited", "review", quoted("x"), person, person, `,"changes":{"body":{"from":"y"}}`), nil},
		{"deleted", "pull_request_review_comment", remark("deleted", "comment", quoted(accept), person, person, ""), job(queue.Retract, "deleted", retract("review_comment"))},
		{"deleted in the conversation", "issue_comment", talk("deleted", `,"pull_request":{"url":"x"}`), job(queue.Retract, "deleted", retract("issue_comment"))},
		{"dismissed", "pull_request_review", remark("dismissed", "review", quoted(accept), person, person, ""), job(queue.Retract, "dismissed", retract("review"))},

		{"opened", "pull_request", pull("opened", ""), job(queue.PullRequest, "opened", live)},
		{"reopened", "pull_request", pull("reopened", ""), job(queue.PullRequest, "reopened", live)},
		{"ready for review", "pull_request", pull("ready_for_review", ""), job(queue.PullRequest, "ready_for_review", live)},
		{"pushed to", "pull_request", pull("synchronize", `,"before":"`+before+`"`), job(queue.PullRequest, "synchronize", func(j *queue.Job) { j.Number, j.Head, j.EventHead = 7, before, head })},
		{"retargeted", "pull_request", pull("edited", `,"changes":{"base":{"ref":{"from":"main"}}}`), job(queue.PullRequest, "edited", live)},
		{"new title", "pull_request", pull("edited", `,"changes":{"title":{"from":"x"}}`), nil},
		{"closed", "pull_request", pull("closed", ""), job(queue.Close, "closed", func(j *queue.Job) { j.Number, j.Head = 7, head })},
		{"labeled", "pull_request", pull("labeled", ""), nil},
		{"enqueued", "pull_request", pull("enqueued", ""), nil},
		{"without the number beside it", "pull_request", `{"action":"opened","pull_request":{"number":7},` + where + `}`, job(queue.PullRequest, "opened", number)},
		{"a multi-select custom property", "pull_request", `{"action":"opened","pull_request":{"number":7,"base":{"repo":{"custom_properties":{"tier":["a"]}}}},"installation":{"id":9},
			"repository":{"id":5,"full_name":"acme/web","custom_properties":{"tier":["a","b"],"team":null,"on":true}}}`, job(queue.PullRequest, "opened", number)},

		{"a group asks for checks", "merge_group", fmt.Sprintf(`{"action":"checks_requested","merge_group":{"head_sha":%q,"head_ref":"refs/heads/gh-readonly-queue/release/1.x/pr-7-0","base_sha":%q,"base_ref":"refs/heads/release/1.x"},%s}`, head, before, where), job(queue.MergeGroup, "checks_requested", func(j *queue.Job) { group(j); j.HeadRef = "gh-readonly-queue/release/1.x/pr-7-0" })},
		{"a group is taken apart", "merge_group", fmt.Sprintf(`{"action":"destroyed","reason":"dequeued","merge_group":{"head_sha":%q},%s}`, head, where), job(queue.Close, "destroyed", commit)},

		{"our run again, one pull request", "check_run", run("rerequested", app, "pr/7;ground=00;output=00"), job(queue.PullRequest, "rerequested", number)},
		{"our run again, several", "check_run", run("rerequested", app, "pr/7+9;ground=00"), job(queue.Commit, "rerequested", commit)},
		{"our run again, a group", "check_run", run("rerequested", app, "group/release/1.x/"+before+";ground=00"), job(queue.MergeGroup, "rerequested", group)},
		{"our run again, not known what about", "check_run", run("rerequested", app, "??"), job(queue.Commit, "rerequested", commit)},
		{"Accept", "check_run", clicked("accept:0123456789ab", app, "pr/7;ground=00", octocat), job(queue.Button, "requested_action", click("accept", 0x0123456789ab))},
		{"Accept, several pull requests", "check_run", clicked("accept:0123456789ab", app, "pr/7+9;ground=00", octocat), job(queue.Button, "requested_action", click("accept", 0x0123456789ab))},
		{"Show pins", "check_run", clicked("pins", app, "pr/7;ground=00", octocat), job(queue.Button, "requested_action", click("pins", 0))},
		{"Accept, by a bot", "check_run", clicked("accept:0123456789ab", app, "pr/7;ground=00", `{"id":2,"login":"robot","type":"Bot"}`), nil},
		{"Accept, by nobody", "check_run", clicked("accept:0123456789ab", app, "pr/7;ground=00", `null`), nil},
		{"Accept of nothing", "check_run", clicked("accept:000000000000", app, "pr/7;ground=00", octocat), nil},
		{"Accept of too much", "check_run", clicked("accept:0123456789ab0", app, "pr/7;ground=00", octocat), nil},
		{"Accept in a group", "check_run", clicked("accept:0123456789ab", app, "group/main/"+before+";ground=00", octocat), nil},
		{"Accept, not known what about", "check_run", clicked("accept:0123456789ab", app, "commit;ground=00", octocat), nil},
		{"Accept of another App", "check_run", clicked("accept:0123456789ab", `{"id":1}`, "pr/7;ground=00", octocat), nil},
		{"our button", "check_run", strings.Replace(run("requested_action", app, "pr/7;ground=00"), "{", `{"requested_action":{"identifier":"rerun"},`, 1), job(queue.PullRequest, "rerequested", number)},
		{"a button that is not ours", "check_run", strings.Replace(run("requested_action", app, "pr/7;ground=00"), "{", `{"requested_action":{"identifier":"fix"},`, 1), nil},
		{"the button of another App", "check_run", strings.Replace(run("requested_action", `{"id":1}`, "pr/7;ground=00"), "{", `{"requested_action":{"identifier":"rerun"},`, 1), nil},
		{"a run of another App", "check_run", run("rerequested", `{"id":1}`, "pr/7"), nil},
		{"a run of no App", "check_run", run("rerequested", `null`, "pr/7"), nil},
		{"our run about the inventory again", "check_run", run("rerequested", app, "inventory;ground=;output=00"), []queue.Job{look("rerequested", false)}},
		{"our run about a release again", "check_run", run("rerequested", app, "release/a%3Bb@1.2.0;ground=;output=00"), []queue.Job{func() queue.Job { j := tagged("rerequested", "a;b@1.2.0"); j.Bulk = false; return j }()}},
		{"our run about a release, completed", "check_run", run("completed", app, "release/v1.2.0;ground=;output=00"), nil},
		{"our run about the inventory, completed", "check_run", run("completed", app, "inventory;ground=;output=00"), nil},
		{"a click on the inventory's", "check_run", clicked("accept:0123456789ab", app, "inventory;ground=", octocat), nil},
		{"our run, completed", "check_run", run("completed", app, "pr/7"), nil},
		{"our suite again", "check_suite", fmt.Sprintf(`{"action":"rerequested","check_suite":{"head_sha":%q,"app":%s},%s}`, head, app, where), job(queue.Commit, "rerequested", commit)},
		{"our suite of the default branch again", "check_suite", fmt.Sprintf(`{"action":"rerequested","check_suite":{"head_sha":%q,"head_branch":"main","app":%s},%s}`, head, app, strings.Replace(where, `"full_name"`, `"default_branch":"main","full_name"`, 1)),
			append(job(queue.Commit, "rerequested", commit), look("rerequested", false))},
		{"a suite of another App", "check_suite", fmt.Sprintf(`{"action":"rerequested","check_suite":{"head_sha":%q,"app":{"id":1}},%s}`, head, where), nil},

		{"installed", "installation", `{"action":"created","installation":{"id":9},"repositories":[{"id":5,"full_name":"acme/web"}]}`, job(queue.Installed, "created", nil)},
		{"installed, and it is not said on what", "installation", `{"action":"created","installation":{"id":9}}`, everywhere("created")},
		{"back again as GitHub says it", "installation", `{"action":"unsuspend","installation":{"id":9}}`, everywhere("unsuspend")},
		{"back again", "installation", `{"action":"unsuspend","installation":{"id":9},"repositories":[{"id":5,"full_name":"acme/web"}]}`, job(queue.Installed, "unsuspend", nil)},
		{"suspended", "installation", `{"action":"suspend","installation":{"id":9}}`, []queue.Job{{Kind: queue.Evict, Installation: 9, Reason: "suspend"}}},
		{"deleted", "installation", `{"action":"deleted","installation":{"id":9},"repositories":[{"id":5,"full_name":"acme/web"}]}`, []queue.Job{{Kind: queue.Evict, Installation: 9, Reason: "deleted"}}},
		{"repositories added", "installation_repositories", `{"action":"added","installation":{"id":9},"repositories_added":[{"id":5,"full_name":"acme/web"}],"repositories_removed":[]}`, job(queue.Installed, "added", nil)},
		{"repositories removed", "installation_repositories", `{"action":"removed","installation":{"id":9},"repositories_added":[],"repositories_removed":[{"id":5,"full_name":"acme/web"}]}`, job(queue.Removed, "removed", nil)},

		{"a branch", "push", pushed("refs/heads/release/1.x", head, false), job(queue.Pushed, "push", func(j *queue.Job) { j.Head, j.BaseRef = head, "release/1.x" })},
		{"the default branch", "push", pushed("refs/heads/main", head, false), append(job(queue.Pushed, "push", func(j *queue.Job) { j.Head, j.BaseRef, j.Default = head, "main", true }), look("push", true))},
		{"a tag", "push", pushed("refs/tags/v1", head, false), []queue.Job{tagged("push", "v1")}},
		{"a tag that went", "push", pushed("refs/tags/v1", strings.Repeat("0", 40), true), nil},
		{"published", "release", `{"action":"published","release":{"tag_name":"@acme/web@1.2.0"},` + where + `}`, []queue.Job{tagged("published", "@acme/web@1.2.0")}},
		{"published as a draft", "release", `{"action":"published","release":{"tag_name":"v1","draft":true},` + where + `}`, nil},
		{"given another tag", "release", `{"action":"edited","changes":{"tag_name":{"from":"v1"}},"release":{"tag_name":"v2"},` + where + `}`, []queue.Job{tagged("edited", "v2")}},
		{"given other words", "release", `{"action":"edited","changes":{"body":{"from":"x"}},"release":{"tag_name":"v2"},` + where + `}`, nil},
		{"deleted", "release", `{"action":"deleted","release":{"tag_name":"v2"},` + where + `}`, nil},
		{"a branch that went", "push", pushed("refs/heads/main", "0000000000000000000000000000000000000000", true), nil},
		{"a merge queue's branch", "push", pushed("refs/heads/gh-readonly-queue/main/pr-7-"+head, head, false), nil},
		{"renamed", "repository", `{"action":"renamed","changes":{"repository":{"name":{"from":"old"}}},` + where + `}`, job(queue.Renamed, "renamed", func(j *queue.Job) { j.Former = "old" })},
		{"deleted", "repository", `{"action":"deleted",` + where + `}`, job(queue.Removed, "deleted", nil)},
		{"archived", "repository", `{"action":"archived",` + where + `}`, job(queue.Removed, "archived", nil)},
		{"no longer archived", "repository", `{"action":"unarchived",` + where + `}`, job(queue.Installed, "unarchived", nil)},
		{"given another default branch", "repository", `{"action":"edited","changes":{"default_branch":{"from":"main"}},` + where + `}`, []queue.Job{look("edited", true)}},
		{"given another description", "repository", `{"action":"edited","changes":{"description":{"from":"x"}},` + where + `}`, nil},
		{"made private", "repository", `{"action":"privatized",` + where + `}`, nil},
		{"transferred", "repository", `{"action":"transferred",` + where + `}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.event+" "+tt.name, func(t *testing.T) {
			got, err := translate(t, tt.event, []byte(tt.payload))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(tt.want, got) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestPayloadsThatLackWhatIsNeededAreRefused(t *testing.T) {
	event := func(pull, rest string) string { return `{"action":"opened","pull_request":` + pull + `,` + rest + `}` }
	tests := map[string][2]string{
		"no pull request":              {"pull_request", `{"action":"opened",` + where + `}`},
		"number 0":                     {"pull_request", event(`{"number":0}`, where)},
		"a negative number":            {"pull_request", event(`{"number":-7}`, where)},
		"two numbers":                  {"pull_request", event(`{"number":7}`, `"number":8,`+where)},
		"a number in quotes":           {"pull_request", event(`{"number":"7"}`, where)},
		"no installation":              {"pull_request", event(`{"number":7}`, `"repository":{"id":5,"full_name":"acme/web"}`)},
		"no repository":                {"pull_request", event(`{"number":7}`, `"installation":{"id":9}`)},
		"a null repository":            {"pull_request", event(`{"number":7}`, `"installation":{"id":9},"repository":null`)},
		"a repository without an id":   {"pull_request", event(`{"number":7}`, `"installation":{"id":9},"repository":{"full_name":"acme/web"}`)},
		"a name with a path":           {"pull_request", event(`{"number":7}`, `"installation":{"id":9},"repository":{"id":5,"full_name":"acme/../evil"}`)},
		"a dot name":                   {"pull_request", event(`{"number":7}`, `"installation":{"id":9},"repository":{"id":5,"full_name":"acme/.."}`)},
		"a name with a line feed":      {"pull_request", event(`{"number":7}`, `"installation":{"id":9},"repository":{"id":5,"full_name":"acme/web\n"}`)},
		"a review of a pull request":   {"pull_request", event(`{"number":7}`, `"review":{"id":1},`+where)},
		"pushed to from an odd commit": {"pull_request", `{"action":"synchronize","before":"HEAD","pull_request":{"number":7},` + where + `}`},
		"closed without a head":        {"pull_request", `{"action":"closed","pull_request":{"number":7},` + where + `}`},
		"no group":                     {"merge_group", `{"action":"checks_requested",` + where + `}`},
		"a group without a base":       {"merge_group", `{"action":"checks_requested","merge_group":{"head_sha":"` + head + `","base_ref":"refs/heads/main"},` + where + `}`},
		"a comment for a review":       {"pull_request_review", `{"action":"submitted","comment":{"id":3},"pull_request":{"number":7},` + where + `}`},
		"a review for a comment":       {"pull_request_review_comment", `{"action":"created","review":{"id":3},"pull_request":{"number":7},` + where + `}`},
		"a command without an id":      {"pull_request_review_comment", `{"action":"created","comment":{"body":"/bonafide recheck","user":{"type":"User"}},"sender":{"type":"User"},"pull_request":{"number":7},` + where + `}`},
		"a command on nothing":         {"pull_request_review_comment", `{"action":"created","comment":{"id":3,"body":"/bonafide recheck","user":{"type":"User"}},"sender":{"type":"User"},` + where + `}`},
		"an odd head":                  {"pull_request", event(`{"number":7,"head":{"sha":"HEAD"}}`, where)},
		"a group from an odd branch":   {"merge_group", `{"action":"checks_requested","merge_group":{"head_sha":"` + head + `","head_ref":"refs/heads/a..b","base_sha":"` + before + `","base_ref":"refs/heads/main"},` + where + `}`},
		"a group into an odd branch":   {"merge_group", `{"action":"checks_requested","merge_group":{"head_sha":"` + head + `","base_sha":"` + before + `","base_ref":"refs/heads/../x"},` + where + `}`},
		"a suite for a run":            {"check_run", `{"action":"rerequested","check_suite":{"head_sha":"` + head + `","app":{"id":4242}},` + where + `}`},
		"a run for a suite":            {"check_suite", `{"action":"rerequested","check_run":{"head_sha":"` + head + `","app":{"id":4242}},` + where + `}`},
		"a run without a commit":       {"check_run", `{"action":"rerequested","check_run":{"app":{"id":4242}},` + where + `}`},
		"a click of nobody":            {"check_run", `{"action":"requested_action","requested_action":{"identifier":"pins"},"sender":{"type":"User"},"check_run":{"head_sha":"` + head + `","external_id":"pr/7","app":{"id":4242}},` + where + `}`},
		"a click of an odd name":       {"check_run", `{"action":"requested_action","requested_action":{"identifier":"pins"},"sender":{"id":2,"login":"a/../b","type":"User"},"check_run":{"head_sha":"` + head + `","external_id":"pr/7","app":{"id":4242}},` + where + `}`},
		"a click on no commit":         {"check_run", `{"action":"requested_action","requested_action":{"identifier":"pins"},"sender":{"id":2,"login":"a","type":"User"},"check_run":{"external_id":"pr/7","app":{"id":4242}},` + where + `}`},
		"upper case in the commit":     {"check_run", `{"action":"rerequested","check_run":{"head_sha":"` + strings.Repeat("A", 40) + `","app":{"id":4242}},` + where + `}`},
		"installation 0":               {"installation", `{"action":"deleted","installation":{"id":0}}`},
		"an installation for a list":   {"installation_repositories", `{"action":"added","installation":{"id":9},"repositories":[{"id":5,"full_name":"acme/web"}]}`},
		"too deep":                     {"pull_request", strings.Repeat(`{"pull_request":`, 20000) + strings.Repeat("}", 20000)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if jobs, err := translate(t, tt[0], []byte(tt[1])); !errors.Is(err, ErrPayload) {
				t.Errorf("got %v, %v", jobs, err)
			}
		})
	}
}

func TestAnInstallationOnThousandsOfRepositoriesIsBounded(t *testing.T) {
	list := strings.Repeat(`{"id":5,"full_name":"acme/web"},`, 3*MaxRepositories)
	jobs, err := translate(t, "installation", []byte(`{"action":"created","installation":{"id":9},"repositories":[`+strings.TrimSuffix(list, ",")+`]}`))
	if err != nil || len(jobs) != 1 || jobs[0].Repo != "" {
		t.Errorf("%d jobs, %v", len(jobs), err)
	}
}

// GitHub's own example payloads, as npm publishes them.
func TestGitHubsExamplesDecode(t *testing.T) {
	modules := os.Getenv("BONAFIDE_TEST_NODE_MODULES")
	if modules == "" {
		modules = filepath.Join(root(t), ".ci", "node_modules")
	}
	file := filepath.Join(modules, "@octokit", "webhooks-examples", "api.github.com", "index.json")
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("skipped: %s is missing; `npm ci` in .ci installs it", file)
	}
	if err != nil {
		t.Fatal(err)
	}
	var events []struct {
		Name     string            `json:"name"`
		Examples []json.RawMessage `json:"examples"`
	}
	if err := json.Unmarshal(data, &events); err != nil {
		t.Fatal(err)
	}
	handled := map[string]bool{}
	for _, h := range All(ours, nil) {
		handled[h.Handles()[0]] = true
	}
	counts := map[string]int{}
	jobs := 0
	for _, event := range events {
		if !handled[event.Name] {
			continue
		}
		for _, payload := range event.Examples {
			counts[event.Name]++
			made, err := translate(t, event.Name, payload)
			// A repository's own webhook, as some examples are, names no installation.
			var shown struct {
				Action       string          `json:"action"`
				Installation json.RawMessage `json:"installation"`
			}
			_ = json.Unmarshal(payload, &shown)
			if err != nil && present(shown.Installation) {
				t.Errorf("%s %s: %v", event.Name, shown.Action, err)
			}
			if err == nil {
				jobs += len(made)
			}
		}
	}
	want := map[string]int{"pull_request": 29, "check_run": 9, "check_suite": 9, "installation": 7, "installation_repositories": 3, "merge_group": 2,
		"pull_request_review": 4, "pull_request_review_comment": 5, "issue_comment": 9, "push": 7, "release": 13, "repository": 13}
	if !maps.Equal(want, counts) {
		t.Errorf("read %v examples, want %v", counts, want)
	}
	if jobs < 15 {
		t.Errorf("only %d jobs came of them", jobs)
	}
	t.Logf("%v, %d jobs", counts, jobs)
}

func fuzz(f *testing.F, event string, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Add([]byte(opened))
	f.Add([]byte(`{"action":"rerequested","check_run":{"app":{}},"check_suite":{"app":{}},"merge_group":{},"repositories_added":[{}],` + where + `}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		jobs, err := translate(t, event, payload)
		if err != nil {
			if !errors.Is(err, ErrPayload) {
				t.Fatalf("not a payload error: %v", err)
			}
			return
		}
		for _, j := range jobs {
			if j.Installation <= 0 || strings.ContainsAny(j.Owner+j.Repo+j.Former, "/\n\x00 ") || strings.ContainsAny(j.BaseRef+j.HeadRef, "\n\x00 ?\\") || strings.Contains(j.BaseRef, "..") || strings.ContainsAny(j.Head+j.Base, "ghijklmnopqrstuvwxyz./") {
				t.Fatalf("%+v", j)
			}
		}
	})
}

func FuzzPullRequest(f *testing.F) {
	fuzz(f, "pull_request", `{"action":"synchronize","before":"`+before+`","pull_request":{"number":7},`+where+`}`)
}
func FuzzMergeGroup(f *testing.F) {
	fuzz(f, "merge_group", `{"action":"checks_requested","merge_group":{"head_sha":"`+head+`","base_sha":"`+before+`","base_ref":"refs/heads/main"},`+where+`}`)
}
func FuzzCheckRun(f *testing.F) {
	fuzz(f, "check_run", `{"action":"rerequested","check_run":{"head_sha":"`+head+`","external_id":"group/main/`+before+`","app":{"id":4242}},`+where+`}`)
}
func FuzzCheckSuite(f *testing.F) {
	fuzz(f, "check_suite", `{"action":"rerequested","check_suite":{"head_sha":"`+head+`","app":{"id":4242}},`+where+`}`)
}
func FuzzInstallation(f *testing.F) {
	fuzz(f, "installation", `{"action":"created","installation":{"id":9},"repositories":[{"id":5,"full_name":"acme/web"}]}`)
}
func FuzzInstallationRepositories(f *testing.F) {
	fuzz(f, "installation_repositories", `{"action":"added","installation":{"id":9},"repositories_added":[{"id":5,"full_name":"acme/web"}]}`)
}
func FuzzPullRequestReview(f *testing.F) {
	fuzz(f, "pull_request_review", `{"action":"submitted","review":{"id":3,"body":"/bonafide recheck","user":{"type":"User"}},"sender":{"type":"User"},"pull_request":{"number":7},`+where+`}`)
}
func FuzzPullRequestReviewComment(f *testing.F) {
	fuzz(f, "pull_request_review_comment", `{"action":"deleted","comment":{"id":3,"body":"/bonafide recheck"},"pull_request":{"number":7},`+where+`}`)
}
func FuzzIssueComment(f *testing.F) {
	fuzz(f, "issue_comment", `{"action":"created","comment":{"id":3,"body":"/bonafide recheck","user":{"type":"User"}},"sender":{"type":"User"},"issue":{"number":7,"pull_request":{}},`+where+`}`)
}

func FuzzPush(f *testing.F) {
	fuzz(f, "push", `{"ref":"refs/heads/main","after":"`+head+`","deleted":false,`+strings.Replace(where, `"full_name"`, `"default_branch":"main","full_name"`, 1)+`}`,
		`{"ref":"refs/heads/a\u0000/..//b","after":"`+head+`",`+where+`}`)
}
func FuzzRepository(f *testing.F) {
	fuzz(f, "repository", `{"action":"renamed","changes":{"repository":{"name":{"from":"old"}}},`+where+`}`, `{"action":"deleted",`+where+`}`)
}
func FuzzRelease(f *testing.F) {
	fuzz(f, "release", `{"action":"published","release":{"tag_name":"v1.2.0"},`+where+`}`, `{"action":"edited","changes":{"tag_name":{"from":"x"}},"release":{"tag_name":"a\u0000..//b"},`+where+`}`)
}
func FuzzRequestedAction(f *testing.F) {
	fuzz(f, "check_run", `{"action":"requested_action","requested_action":{"identifier":"rerun"},"check_run":{"head_sha":"`+head+`","external_id":"","app":{"id":4242}},`+where+`}`,
		`{"action":"requested_action","requested_action":{"identifier":"accept:0123456789ab"},"sender":{"id":2,"login":"octocat","type":"User"},"check_run":{"head_sha":"`+head+`","external_id":"pr/7","app":{"id":4242}},`+where+`}`)
}
