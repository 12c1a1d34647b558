package forge

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// newApp is an App that was made from a manifest, while its code is good.
type newApp struct {
	app          app
	name         string
	url          string
	clientSecret string
	until        time.Time
}

// codeLifetime is how long the code of a manifest is good.
const codeLifetime = time.Hour

// manifest is what GitHub takes of one.
type manifest struct {
	Name        string
	URL         string
	Description string
	Public      bool
	Hook        struct {
		URL    string
		Active bool
	} `json:"hook_attributes"`
	RedirectURL string            `json:"redirect_url"`
	Callbacks   []string          `json:"callback_urls"`
	OnUpdate    bool              `json:"setup_on_update"`
	OnInstall   bool              `json:"request_oauth_on_install"`
	Permissions map[string]string `json:"default_permissions"`
	Events      []string          `json:"default_events"`
}

// refusal says what GitHub would not take, "" for nothing.
func (m manifest) refusal() string {
	web := func(s string) bool { return s != "" && checkURL(s) == nil }
	switch {
	case m.Name == "" || len([]rune(m.Name)) > 34:
		return "Name is missing or too long (maximum is 34 characters)"
	case !web(m.URL) || !web(m.Hook.URL) || !web(m.RedirectURL):
		return "URL, hook_attributes.url and redirect_url must be addresses"
	case slices.ContainsFunc(m.Callbacks, func(u string) bool { return !web(u) }) || len(m.Callbacks) > 10:
		return "Callback URLs must be addresses, ten at most"
	}
	for _, e := range m.Events {
		if e == "installation" || e == "installation_repositories" {
			return "Default events unsupported: " + e
		}
	}
	return ""
}

// newAppPage is the page on which somebody who has signed in gives the App its name.
const newAppPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Create GitHub App</title>
<link rel="stylesheet" href="/-/style.css"></head><body><main>
<h1>Create GitHub App from manifest</h1>
{{if .Refusal}}<p role="alert">{{.Refusal}}</p>{{else}}
<form method="post" action="{{.Action}}">
<input type="hidden" name="manifest" value="{{.Manifest}}"><input type="hidden" name="confirmed" value="yes">
<p><label for="name">GitHub App name</label> <input id="name" name="name" value="{{.Name}}" maxlength="34" required></p>
<p>It is made for {{.Owner}}, and may: {{range $name, $access := .Permissions}}{{$name}}: {{$access}}; {{end}}</p>
<p><button type="submit">Create GitHub App for {{.Owner}}</button></p>
</form>{{end}}
</main></body></html>`

// apps answers for the pages that make an App from a manifest.
func (s *Server) apps(mux *http.ServeMux) {
	page := template.Must(template.New("").Parse(newAppPage))
	register := func(w http.ResponseWriter, r *http.Request) { s.registerApp(w, r, page) }
	mux.HandleFunc("POST /settings/apps/new", register)
	mux.HandleFunc("POST /organizations/{org}/settings/apps/new", register)
}

// registerApp shows GitHub's page, and makes the App once it is sent.
func (s *Server) registerApp(w http.ResponseWriter, r *http.Request, page *template.Template) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequestBody)
	var m manifest
	refusal := ""
	if err := json.Unmarshal([]byte(r.PostFormValue("manifest")), &m); err != nil {
		refusal = "The manifest is not JSON"
	} else {
		refusal = m.refusal()
	}
	org := r.PathValue("org")
	owner := cmp.Or(org, "contributor")
	if refusal == "" && r.PostFormValue("confirmed") != "" {
		if name := r.PostFormValue("name"); name != "" {
			m.Name = name
		}
		code, err := s.makeApp(m, owner, org != "")
		if err != nil {
			http.Error(w, "the App cannot be made: "+err.Error(), http.StatusInternalServerError)
			return
		}
		back, _ := url.Parse(m.RedirectURL) // it was parsed before
		q := back.Query()
		q.Set("code", code)
		if state := r.URL.Query().Get("state"); state != "" {
			q.Set("state", state)
		}
		back.RawQuery = q.Encode()
		http.Redirect(w, r, back.String(), http.StatusFound)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'")
	if refusal != "" {
		w.WriteHeader(http.StatusUnprocessableEntity)
	}
	_ = page.Execute(w, map[string]any{ // an error means that the browser left
		"Refusal": refusal, "Action": r.URL.RequestURI(), "Manifest": r.PostFormValue("manifest"), "Name": m.Name, "Owner": owner, "Permissions": m.Permissions,
	})
}

var noSlug = regexp.MustCompile(`[^a-z0-9]+`)

// makeApp makes the App. It is the one that the server knows from then on: key, secret,
// permissions, events and the address of the webhooks are those of the new one.
func (s *Server) makeApp(m manifest, owner string, organised bool) (code string, err error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	kind := "User"
	if organised {
		kind = "Organization"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	slug := strings.Trim(noSlug.ReplaceAllString(strings.ToLower(m.Name), "-"), "-")
	a := app{id: s.nextID(), slug: slug, secret: random(20), permissions: m.Permissions, events: m.Events, key: key, created: s.now(),
		owner: s.user(owner, kind), bot: s.user(slug+"[bot]", "Bot")}
	if a.permissions == nil {
		a.permissions = map[string]string{}
	}
	if a.events == nil {
		a.events = []string{}
	}
	a.permissions["metadata"] = "read"
	code = random(20)
	if s.newApps == nil {
		s.newApps = map[string]newApp{}
	}
	s.newApps[code] = newApp{a, m.Name, m.URL, random(20), s.now().Add(codeLifetime)}
	s.app, s.webhookURL = a, m.Hook.URL
	return code, nil
}

func random(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// convertManifest gives the App for its code, once.
func convertManifest(c *call) (reply, error) {
	code := c.r.PathValue("code")
	n, known := c.newApps[code]
	delete(c.newApps, code)
	if !known || !c.now().Before(n.until) {
		return reply{}, errMissing
	}
	o := c.appJSON(&n.app)
	o["name"], o["external_url"] = n.name, n.url
	o["client_secret"], o["webhook_secret"] = n.clientSecret, n.app.secret
	o["pem"] = string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(n.app.key)}))
	return created(o)
}

// HookConfig is what GitHub says of the App's webhook. The zero value is as it should be.
type HookConfig struct {
	ContentType string // default "json"
	Insecure    bool
	NoSecret    bool
}

// SetHookConfig changes what is said of the webhook. How deliveries are sent stays.
func (s *Server) SetHookConfig(h HookConfig) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hookConfig = h
}

// SetAppPermissions changes what the App asks for. Installations keep what they accepted.
func (s *Server) SetAppPermissions(permissions map[string]string, events []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.app.permissions, s.app.events = permissions, events
}

func getHookConfig(c *call) (reply, error) {
	o := object{"content_type": "json", "insecure_ssl": "0", "url": c.webhookURL}
	if c.hookConfig.ContentType != "" {
		o["content_type"] = c.hookConfig.ContentType
	}
	if c.hookConfig.Insecure {
		o["insecure_ssl"] = "1"
	}
	if !c.hookConfig.NoSecret {
		o["secret"] = "********"
	}
	return ok(o)
}

// RequiredCheck is a status check that a branch demands. App is 0 for one of any source.
type RequiredCheck struct {
	Name string
	App  int64
}

// Require lets a branch demand checks: by a ruleset, or by branch protection.
func (r *Repository) Require(branch string, ruleset bool, checks ...RequiredCheck) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	if r.required == nil {
		r.required = map[string][]requirement{}
	}
	r.required[branch] = append(r.required[branch], requirement{ruleset, checks})
}

type requirement struct {
	ruleset bool
	checks  []RequiredCheck
}

// listRules has one rule for each ruleset that demands checks.
func listRules(c *call) (reply, error) {
	list := []object{}
	for i, r := range c.repo.required[c.r.PathValue("branch")] {
		if !r.ruleset {
			continue
		}
		checks := []object{}
		for _, one := range r.checks {
			o := object{"context": one.Name}
			if one.App != 0 {
				o["integration_id"] = one.App
			}
			checks = append(checks, o)
		}
		list = append(list, object{"type": "required_status_checks", "ruleset_source_type": "Repository", "ruleset_source": c.repo.FullName(), "ruleset_id": i + 1,
			"parameters": object{"required_status_checks": checks, "strict_required_status_checks_policy": false, "do_not_enforce_on_create": false}})
	}
	part, header := page(c, list)
	return reply{status: http.StatusOK, body: part, header: header}, nil
}

// protectionJSON is what a branch shows of its protection.
func (r *Repository) protectionJSON(branch string) (protected bool, o object) {
	level, contexts, checks := "off", []string{}, []object{}
	for _, one := range r.required[branch] {
		protected = true
		if one.ruleset {
			continue
		}
		level = "non_admins"
		for _, check := range one.checks {
			contexts = append(contexts, check.Name)
			item := object{"context": check.Name, "app_id": nil}
			if check.App != 0 {
				item["app_id"] = check.App
			}
			checks = append(checks, item)
		}
	}
	return protected, object{"enabled": level != "off", "required_status_checks": object{"enforcement_level": level, "contexts": contexts, "checks": checks}}
}

// String keeps keys and secrets out of what is printed.
func (n newApp) String() string { return fmt.Sprintf("App %d", n.app.id) }
