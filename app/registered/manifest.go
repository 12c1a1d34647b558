// Package registered holds the App as GitHub knows it against the manifest that it is made
// from: what it may do, where its events go, and whether its check can gate.
package registered

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Manifest is what app.yml asks GitHub for. Its addresses are examples, and not kept.
type Manifest struct {
	Description string
	Permissions []Asked
	Events      []Asked
}

// Asked is a permission or an event.
type Asked struct {
	Name   string // "checks"
	Access string // "read" or "write"; "" for an event
	Why    string // a line for people
}

// Parse reads app.yml. The comment behind a permission or an event is its reason, and one
// without a reason is refused.
func Parse(data []byte) (Manifest, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return Manifest{}, fmt.Errorf("the App's manifest: %w", err)
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return Manifest{}, errors.New("the App's manifest is no mapping")
	}
	var m Manifest
	root := doc.Content[0].Content
	for i := 0; i+1 < len(root); i += 2 {
		value := root[i+1]
		switch root[i].Value {
		case "description":
			m.Description = value.Value
		case "default_permissions":
			for j := 0; j+1 < len(value.Content); j += 2 {
				name, access := value.Content[j], value.Content[j+1]
				m.Permissions = append(m.Permissions, Asked{name.Value, access.Value, why(name, access)})
			}
		case "default_events":
			for _, e := range value.Content {
				m.Events = append(m.Events, Asked{Name: e.Value, Why: why(e)})
			}
		}
	}
	for _, a := range slices.Concat(m.Permissions, m.Events) {
		if a.Name == "" || a.Why == "" {
			return Manifest{}, fmt.Errorf("the App's manifest asks for %q without a reason behind it", a.Name)
		}
	}
	if len(m.Permissions) == 0 || len(m.Events) == 0 {
		return Manifest{}, errors.New("the App's manifest asks for no permissions or no events")
	}
	return m, nil
}

// why is the comment on a node's line.
func why(nodes ...*yaml.Node) string {
	for _, n := range nodes {
		if n.LineComment != "" {
			return strings.TrimSpace(strings.TrimLeft(n.LineComment, "# "))
		}
	}
	return ""
}

// Paths below the public address. HookPath is handlers.Route.
const (
	HookPath   = "/api/github/hook"
	SignInPath = "/login/callback"
)

// MaxName is how long GitHub lets an App's name be, in characters.
const MaxName = 34

// Document is the manifest as GitHub takes it, in JSON. Its addresses come from here alone:
// public is where people and GitHub reach the server, back is where GitHub sends the code.
func (m Manifest) Document(name, public, back string) ([]byte, error) {
	type hook struct {
		URL    string `json:"url"`
		Active bool   `json:"active"`
	}
	permissions := map[string]string{}
	for _, p := range m.Permissions {
		permissions[p.Name] = p.Access
	}
	events := []string{}
	for _, e := range m.Events {
		events = append(events, e.Name)
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // html/template escapes it where it is shown
	err := encoder.Encode(struct {
		Name        string            `json:"name"`
		URL         string            `json:"url"`
		Description string            `json:"description"`
		Public      bool              `json:"public"`
		Hook        hook              `json:"hook_attributes"`
		RedirectURL string            `json:"redirect_url"`
		Callbacks   []string          `json:"callback_urls"`
		OnUpdate    bool              `json:"setup_on_update"`
		OnInstall   bool              `json:"request_oauth_on_install"`
		Permissions map[string]string `json:"default_permissions"`
		Events      []string          `json:"default_events"`
	}{
		Name: name, URL: public, Description: m.Description, Hook: hook{public + HookPath, true},
		RedirectURL: back, Callbacks: []string{public + SignInPath}, Permissions: permissions, Events: events,
	})
	return bytes.TrimSpace(b.Bytes()), err
}

// Wider lists the permissions that go beyond the manifest, sorted: "administration: write".
func (m Manifest) Wider(granted map[string]string) []string {
	var out []string
	for name, access := range granted {
		if rank(access) > rank(m.access(name)) {
			out = append(out, name+": "+access)
		}
	}
	slices.Sort(out)
	return out
}

// narrower lists the permissions that the manifest asks for and that are not granted.
func (m Manifest) narrower(granted map[string]string) []string {
	var out []string
	for _, p := range m.Permissions {
		if rank(granted[p.Name]) < rank(p.Access) {
			out = append(out, p.Name+": "+p.Access)
		}
	}
	return out
}

func (m Manifest) access(name string) string {
	for _, p := range m.Permissions {
		if p.Name == name {
			return p.Access
		}
	}
	return ""
}

// rank orders accesses. One that is not known is above all.
func rank(access string) int {
	i := slices.Index([]string{"", "read", "write", "admin"}, access)
	if i < 0 {
		return len(access) + 4
	}
	return i
}

// NewApp is GitHub's page that takes a manifest. org is "" for a person's App.
func NewApp(github, org string) string {
	if org == "" {
		return github + "/settings/apps/new"
	}
	return github + "/organizations/" + url.PathEscape(org) + "/settings/apps/new"
}
