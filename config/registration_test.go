package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func registration(t *testing.T) Registration {
	t.Helper()
	return Registration{
		ID: 12, Slug: "acme-bonafide", Name: "Acme bonafide", HTMLURL: "https://github.com/apps/acme-bonafide", ClientID: "Iv1.abc", Owner: "acme",
		GitHubURL: "https://github.com", PublicURL: "https://bonafide.example.com",
		PrivateKey: NewSecret(rsaPEM(t, 2048)), WebhookSecret: NewSecret("the hook's"), ClientSecret: NewSecret("the client's"),
	}
}

func TestStoredCredentialsAreForTheirUserAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "credentials")
	r := registration(t)
	if err := r.Store(dir); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder is %v, %v", info.Mode(), err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 4 {
		t.Fatalf("%v, %v", entries, err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s is %v, %v", e.Name(), info.Mode(), err)
		}
	}
	app, err := os.ReadFile(filepath.Join(dir, AppFile))
	if err != nil || strings.Contains(string(app), "the hook's") || strings.Contains(string(app), "redacted") {
		t.Errorf("%s, %v", app, err)
	}
	back, notes, err := ReadRegistration(dir)
	if err != nil || len(notes) > 0 || back.Slug != r.Slug || back.WebhookSecret.Reveal() != "the hook's" || back.ClientSecret.Reveal() != "the client's" || back.PublicURL != r.PublicURL {
		t.Errorf("%+v, %q, %v", back, notes, err)
	}
}

func TestCredentialsAreNeverOverwritten(t *testing.T) {
	for _, there := range []string{AppFile, PrivateKeyFile, WebhookSecretFile, ClientSecretFile} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, there), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := registration(t).Store(dir); !errors.Is(err, ErrCredentialsThere) || !strings.Contains(err.Error(), "not overwritten") {
			t.Errorf("%s: %v", there, err)
		}
		entries, err := os.ReadDir(dir)
		data, readErr := os.ReadFile(filepath.Join(dir, there))
		if err := errors.Join(err, readErr); err != nil || len(entries) != 1 || string(data) != "mine" {
			t.Errorf("%s: %v, %q, %v", there, entries, data, err)
		}
	}
}

func TestNothingIsLeftOfASetThatCannotBeStored(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, AppFile+".new"), 0o700); err != nil { // in the way of the last file
		t.Fatal(err)
	}
	if err := registration(t).Store(dir); err == nil {
		t.Fatal("it was stored")
	}
	if _, _, err := ReadRegistration(dir); !errors.Is(err, ErrNoCredentials) {
		t.Errorf("something is left: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := registration(t).Store(filepath.Join(file, "x")); err == nil || !strings.Contains(err.Error(), "--credentials") {
		t.Errorf("below a file: %v", err)
	}
	empty := registration(t)
	empty.WebhookSecret = NewSecret("")
	if err := empty.Store(t.TempDir()); err == nil || !strings.Contains(err.Error(), "webhook secret") {
		t.Errorf("without a secret: %v", err)
	}
}

func TestWhoCanReadOrWriteCredentialsMatters(t *testing.T) {
	for _, tt := range []struct {
		file         string
		mode         os.FileMode
		refused      bool
		said, absent bool
	}{
		{PrivateKeyFile, 0o600, false, false, false},
		{PrivateKeyFile, 0o440, false, false, false}, // Kubernetes with a group
		{PrivateKeyFile, 0o444, false, true, false},
		{WebhookSecretFile, 0o602, true, false, false},
		{AppFile, 0o644, false, false, false},
		{"", 0o777, true, false, false}, // the folder
		{"", 0o777 | os.ModeSticky, false, false, false},
		{ClientSecretFile, 0, true, false, true},
		{AppFile, 0, true, false, true},
	} {
		dir := filepath.Join(t.TempDir(), "c")
		if err := registration(t).Store(dir); err != nil {
			t.Fatal(err)
		}
		change := func() error { return os.Chmod(filepath.Join(dir, tt.file), tt.mode) }
		if tt.absent {
			change = func() error { return os.Remove(filepath.Join(dir, tt.file)) }
		}
		if err := change(); err != nil {
			t.Fatal(err)
		}
		_, notes, err := ReadRegistration(dir)
		if (err != nil) != tt.refused || (len(notes) > 0) != tt.said {
			t.Errorf("%s %v: %q, %v", tt.file, tt.mode, notes, err)
		}
		if tt.absent && !strings.Contains(err.Error(), tt.file+" is missing") {
			t.Errorf("it is not said what is missing: %v", err)
		}
	}
}

func TestFlagsComeBeforeTheFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "c")
	if err := registration(t).Store(dir); err != nil {
		t.Fatal(err)
	}
	key := rsaPEM(t, 2048)
	all := []string{"--app-id=7", "--private-key=" + key, "--webhook-secret=s3cret"}
	for _, tt := range []struct {
		name string
		args []string
		id   int64
		says string
	}{
		{"the folder alone", nil, 12, ""},
		{"all by flags", all, 7, ""},
		{"an id beside the folder", []string{"--app-id=7"}, 0, "--app-id is set, and --private-key, --webhook-secret only in the folder"},
		{"a client id beside the folder", []string{"--client-id=x"}, 0, "--client-id is set, and the client secret only"},
		{"a client secret beside the folder", []string{"--client-secret=x"}, 0, "--client-secret is set, and the client id only"},
		{"another GitHub than the folder's", []string{"--github-url=https://ghe.example.com"}, 0, "known to https://github.com"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := parse(t, append([]string{"--credentials=" + dir}, tt.args...)...)
			if err == nil {
				_, err = s.Open()
			}
			if tt.says != "" {
				if err == nil || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil || s.AppID != tt.id {
				t.Errorf("id %d, %v", s.AppID, err)
			}
			if tt.id == 12 && (s.ClientID != "Iv1.abc" || s.ClientSecret.Reveal() != "the client's" || s.PublicURL != "https://bonafide.example.com") {
				t.Errorf("%+v", s.App)
			}
		})
	}
	s, err := parse(t, "--credentials="+filepath.Join(dir, "none"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(); !errors.Is(err, ErrNoCredentials) {
		t.Errorf("without any: %v", err)
	}
}

func TestTheCredentialsOfAUnitAreFound(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "c")
	if err := registration(t).Store(dir); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	s, err := parse(t)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(); err != nil || s.AppID != 12 {
		t.Errorf("%d, %v", s.AppID, err)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", t.TempDir()) // of something else
	s.App = App{Folder: s.Folder}
	if s.CredentialsAt() != s.Folder {
		t.Errorf("%s", s.CredentialsAt())
	}
}

func TestTheSetUpPageOpensOnThisMachineAlone(t *testing.T) {
	for address, wrong := range map[string]bool{"127.0.0.1:0": false, "[::1]:8081": false, "127.0.0.2:1": false, ":8081": true, "0.0.0.0:1": true, "localhost:1": true, "10.0.0.1:1": true, "8081": true} {
		if _, err := parse(t, "--setup-listen="+address); (err != nil) != wrong {
			t.Errorf("%s: %v", address, err)
		}
	}
}
