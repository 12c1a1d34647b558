package forge

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed pages
var pageFiles embed.FS

// policy of the pages: a style sheet of our own and nothing else.
const contentPolicy = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// pages is what a browser sees.
func (s *Server) pages() http.Handler {
	mux := http.NewServeMux()
	views := template.Must(template.ParseFS(pageFiles, "pages/*.html"))
	style, err := pageFiles.ReadFile("pages/style.css")
	if err != nil {
		panic(err) // it is embedded
	}
	show := func(pattern, name string, make func(*http.Request) (any, error)) {
		mux.HandleFunc("GET "+pattern, func(w http.ResponseWriter, r *http.Request) {
			s.mu.RLock()
			view, err := make(r)
			s.mu.RUnlock()
			h := w.Header()
			h.Set("Content-Security-Policy", contentPolicy)
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("Content-Type", "text/html; charset=utf-8")
			status := http.StatusOK
			if err != nil {
				status, name, view = http.StatusNotFound, "missing.html", nil
			}
			var page bytes.Buffer
			if err := views.ExecuteTemplate(&page, name, view); err != nil {
				http.Error(w, "the page cannot be shown: "+err.Error(), http.StatusInternalServerError)
				return
			}
			w.WriteHeader(status)
			_, _ = page.WriteTo(w) // an error means that the browser left
		})
	}
	show("/{$}", "index.html", s.indexPage)
	show("/{owner}/{repo}/pull/{number}", "pull.html", s.pullPage)
	show("/{owner}/{repo}/runs/{id}", "run.html", s.runPage)
	mux.HandleFunc("GET /login/oauth/authorize", s.authorize(views))
	s.apps(mux)
	show("/", "missing.html", func(*http.Request) (any, error) { return nil, ErrNotFound })
	mux.HandleFunc("GET /-/style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Write(style)
	})
	return mux
}

// state is how a check run or pull request looks.
type state struct {
	Icon string // check, cross, dot, alert, skip, pull, merge, closed
	Tone string // good, bad, busy, warn, calm, done
	Word string
}

var conclusions = map[string]state{
	"success": {"check", "good", "Successful"}, "failure": {"cross", "bad", "Failing"}, "timed_out": {"cross", "bad", "Timed out"},
	"action_required": {"alert", "warn", "Action required"}, "cancelled": {"skip", "calm", "Cancelled"}, "skipped": {"skip", "calm", "Skipped"},
	"neutral": {"skip", "calm", "Neutral"},
}

func (run *checkRun) state() state {
	if run.Status == "completed" {
		return conclusions[run.Conclusion]
	}
	if run.Status == "in_progress" {
		return state{"dot", "busy", "In progress"}
	}
	return state{"dot", "busy", "Queued"}
}

func (p *Pull) state() state {
	switch {
	case !p.merged.IsZero():
		return state{"merge", "done", "Merged"}
	case !p.open:
		return state{"closed", "bad", "Closed"}
	case p.draft:
		return state{"pull", "calm", "Draft"}
	}
	return state{"pull", "good", "Open"}
}

// indexView is the list of all pull requests.
type indexView struct{ Repositories []repositoryView }

type repositoryView struct {
	Name  string
	Pulls []pullRow
}

type pullRow struct {
	Number                   int
	Title, Address, From, To string
	State                    state
	Checks                   []checkRow
}

type checkRow struct {
	State       state
	Name, Title string
}

func (s *Server) indexPage(*http.Request) (any, error) {
	var view indexView
	for _, r := range s.repositories {
		if r.parent != nil {
			continue
		}
		shown := repositoryView{Name: r.FullName()}
		for _, p := range r.pulls {
			row := pullRow{Number: p.Number, Title: p.title, Address: fmt.Sprintf("/%s/pull/%d", r.FullName(), p.Number), From: p.label(), To: p.baseBranch, State: p.state()}
			for _, run := range latest(r.runsOf(p.headSHA)) {
				row.Checks = append(row.Checks, checkRow{run.state(), run.Name, run.Title})
			}
			shown.Pulls = append(shown.Pulls, row)
		}
		view.Repositories = append(view.Repositories, shown)
	}
	return view, nil
}

// label names the head branch, with its owner where that is another one.
func (p *Pull) label() string {
	if p.head == p.repository {
		return p.headBranch
	}
	return p.headOwner.login + ":" + p.headBranch
}

// pullView is one pull request.
type pullView struct {
	Repository, Title, Author, From, To, Head string
	Number, Files                             int
	State                                     state
	Body                                      template.HTML
	Checks                                    []checkView
	Reviews                                   []reviewView
	Talk                                      []remarkView
}

type checkView struct {
	State                    state
	ID                       int64
	App, Name, Title, Head   string
	Address, Details, Taken  string
	Summary, Text            template.HTML
	Files                    []notesView
	Annotations              int
	Actions                  []Action
	Repository, PullsAddress string
}

// notesView is the annotations of one file.
type notesView struct {
	Path  string
	Notes []noteView
}

type noteView struct {
	State               state
	Place               string
	Lines               []lineView
	Title, Message, Raw string
}

type lineView struct {
	Number string
	Class  string // add, del, at or ""
	Text   string
}

type reviewView struct {
	Author, Word string
	Body         template.HTML
	Comments     []commentView
}

type commentView struct {
	Author, Path, Place string
	Hunk                []lineView
	Body                template.HTML
	Outdated            bool
	Hidden              string // "resolved", "hidden as off-topic"
}

type remarkView struct {
	Author string
	Body   template.HTML
}

func (s *Server) pullPage(r *http.Request) (any, error) {
	repo := s.repository(r.PathValue("owner"), r.PathValue("repo"))
	number, err := strconv.Atoi(r.PathValue("number"))
	if repo == nil || err != nil || repo.pull(number) == nil {
		return nil, ErrNotFound
	}
	p := repo.pull(number)
	view := pullView{Repository: repo.FullName(), Title: p.title, Author: p.author.login, From: p.label(), To: p.baseBranch, Head: p.headSHA[:7],
		Number: p.Number, State: p.state(), Body: markdown(p.body, true)}
	if files, err := p.diff(r.Context(), p.headSHA); err == nil {
		view.Files = len(files)
	}
	for _, run := range latest(repo.runsOf(p.headSHA)) {
		view.Checks = append(view.Checks, s.checkView(r.Context(), run))
	}
	for _, review := range p.reviews {
		view.Reviews = append(view.Reviews, review.view())
	}
	for _, k := range p.talk {
		view.Talk = append(view.Talk, remarkView{k.author.login, markdown(k.body, true)})
	}
	return view, nil
}

func (s *Server) runPage(r *http.Request) (any, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	run := s.run(id)
	if err != nil || run == nil || !strings.EqualFold(run.suite.repository.FullName(), r.PathValue("owner")+"/"+r.PathValue("repo")) {
		return nil, ErrNotFound
	}
	return s.checkView(r.Context(), run), nil
}

func (s *Server) checkView(ctx context.Context, run *checkRun) checkView {
	r := run.suite.repository
	view := checkView{State: run.state(), ID: run.ID, App: run.App, Name: run.Name, Title: run.Title, Head: run.HeadSHA[:7], Repository: r.FullName(),
		Address: fmt.Sprintf("/%s/runs/%d", r.FullName(), run.ID), Details: run.DetailsURL, Summary: markdown(run.Summary, false), Text: markdown(run.Text, false),
		Annotations: len(run.Annotations), Actions: run.Actions}
	if run.Completed.After(run.Started) {
		view.Taken = run.Completed.Sub(run.Started).Round(time.Millisecond).String()
	}
	view.Files = run.notes(ctx)
	return view
}

var levels = map[string]state{"failure": {"cross", "bad", "Error"}, "warning": {"alert", "warn", "Warning"}, "notice": {"dot", "calm", "Notice"}}

// notes groups the annotations by file, in the order of their first ones, and
// quotes the lines that they are about.
func (run *checkRun) notes(ctx context.Context) []notesView {
	var files []notesView
	quoted := map[string][]string{}
	for _, a := range run.Annotations {
		i := slices.IndexFunc(files, func(f notesView) bool { return f.Path == a.Path })
		if i < 0 {
			i = len(files)
			files = append(files, notesView{Path: a.Path})
			quoted[a.Path] = run.suite.repository.lines(ctx, run.HeadSHA, a.Path)
		}
		note := noteView{State: levels[a.Level], Place: "line " + strconv.Itoa(a.StartLine), Title: a.Title, Message: a.Message, Raw: a.RawDetails}
		if a.EndLine > a.StartLine {
			note.Place = fmt.Sprintf("lines %d–%d", a.StartLine, a.EndLine)
		}
		const most = 12
		for n := a.StartLine; n <= min(a.EndLine, a.StartLine+most, len(quoted[a.Path])); n++ {
			note.Lines = append(note.Lines, lineView{Number: strconv.Itoa(n), Text: clip(quoted[a.Path][n-1])})
		}
		files[i].Notes = append(files[i].Notes, note)
	}
	return files
}

// lines reads a file of a commit, nil if it has none of that name.
func (r *Repository) lines(ctx context.Context, sha, path string) []string {
	entries, err := r.git.tree(ctx, sha, false, path)
	if err != nil || len(entries) != 1 || entries[0].kind != "blob" {
		return nil
	}
	blob, err := r.git.read(ctx, entries[0].sha, maxBlob)
	if err != nil || blob.data == nil {
		return nil
	}
	return strings.Split(string(blob.data), "\n")
}

// clip shortens a line for the page.
func clip(line string) string {
	const most = 300
	if runes := []rune(line); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return line
}

func (r *review) view() reviewView {
	view := reviewView{Author: r.author.login, Body: markdown(r.body, true), Word: map[string]string{"PENDING": "has not sent this review yet",
		"COMMENTED": "reviewed", "APPROVED": "approved these changes", "CHANGES_REQUESTED": "requested changes"}[r.state]}
	for _, k := range r.pull.comments {
		if k.review == r {
			view.Comments = append(view.Comments, k.view())
		}
	}
	return view
}

func (c *reviewComment) view() commentView {
	view := commentView{Author: c.author.login, Path: c.path, Place: "line " + strconv.Itoa(c.line), Body: markdown(c.body, true), Outdated: c.commit != c.pull.headSHA}
	switch {
	case c.wholeFile:
		view.Place = "the whole file"
	case c.startLine != 0:
		view.Place = fmt.Sprintf("lines %d to %d", c.startLine, c.line)
	}
	switch {
	case c.thread.resolved:
		view.Hidden = "resolved"
	case c.minimized != "":
		view.Hidden = "hidden as " + c.minimized
	}
	if c.hunk != "" {
		view.Hunk = hunkView(c.hunk)
	}
	return view
}

// hunkView is the head of a hunk and its last lines, numbered as on the right side.
func hunkView(text string) []lineView {
	const most = 5
	hunks, err := parseHunks(text)
	if err != nil || len(hunks) != 1 {
		return nil
	}
	lines := strings.Split(text, "\n")
	all := make([]lineView, 0, len(lines))
	old, new := hunks[0].oldStart, hunks[0].newStart
	for _, line := range lines[1:] {
		switch {
		case strings.HasPrefix(line, "+"):
			all = append(all, lineView{strconv.Itoa(new), "add", clip(line)})
			new++
		case strings.HasPrefix(line, "-"):
			all = append(all, lineView{strconv.Itoa(old), "del", clip(line)})
			old++
		case strings.HasPrefix(line, `\`):
		default:
			all = append(all, lineView{strconv.Itoa(new), "", clip(line)})
			old, new = old+1, new+1
		}
	}
	head := lineView{"", "at", clip(lines[0])}
	return append([]lineView{head}, all[max(0, len(all)-most):]...)
}
