package handlers

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.yaml.in/yaml/v4"
)

// root is the repository's root folder.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		t.Fatal("no go.mod above the test")
	}
}

func TestManifestAsksForExactlyWhatWasPromised(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(root(t), "app.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Public      bool              `yaml:"public"`
		Hook        map[string]any    `yaml:"hook_attributes"`
		Permissions map[string]string `yaml:"default_permissions"`
		Events      []string          `yaml:"default_events"`
	}
	if err := yaml.Unmarshal(data, &manifest); err != nil {
		t.Fatal(err)
	}
	permissions := map[string]string{
		"contents": "read", "metadata": "read", "merge_queues": "read", "checks": "write", "pull_requests": "write",
	}
	if !maps.Equal(manifest.Permissions, permissions) {
		t.Errorf("permissions %v, want exactly %v", manifest.Permissions, permissions)
	}
	events := []string{
		"pull_request", "pull_request_review", "pull_request_review_comment", "merge_group",
		"check_run", "check_suite", "push", "release", "repository", "public",
	}
	if !slices.Equal(manifest.Events, events) {
		t.Errorf("events %v, want exactly %v", manifest.Events, events)
	}
	if manifest.Public {
		t.Error("an App made from the manifest would be public")
	}
	if url, _ := manifest.Hook["url"].(string); filepath.Base(url) != filepath.Base(Route) {
		t.Errorf("the webhook address %q does not end in %q", url, Route)
	}

	// GitHub sends these to every App and refuses a manifest that names them.
	unasked := []string{"installation", "installation_repositories"}
	unasked = append(unasked, "issue_comment") // where an operator adds it by hand
	for _, h := range All(1, nil) {
		for _, event := range h.Handles() {
			if !slices.Contains(events, event) && !slices.Contains(unasked, event) {
				t.Errorf("%s is handled, but the manifest does not ask for it", event)
			}
		}
	}
}
