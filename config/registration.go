package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Registration is the App as GitHub hands it out once, when it is made.
type Registration struct {
	ID        int64  `json:"id"`
	Slug      string `json:"slug"`
	Name      string `json:"name"`
	HTMLURL   string `json:"html_url"`
	ClientID  string `json:"client_id"`
	Owner     string `json:"owner"`      // login
	GitHubURL string `json:"github_url"` // of the GitHub that knows the App
	PublicURL string `json:"public_url"` // that it was made with

	PrivateKey    Secret `json:"-"`
	WebhookSecret Secret `json:"-"`
	ClientSecret  Secret `json:"-"`
}

// The files of a folder of credentials. With all of them there, it is a set.
const (
	AppFile           = "app.json" // written last: without it there is no set
	PrivateKeyFile    = "private-key.pem"
	WebhookSecretFile = "webhook-secret"
	ClientSecretFile  = "client-secret"
)

// Sentinels of credentials.
var (
	// ErrNoCredentials says that no flag, variable or folder has any.
	ErrNoCredentials = errors.New("no credentials of an App are set")
	// ErrCredentialsThere says that a folder has credentials, which are not overwritten.
	ErrCredentialsThere = errors.New("has an App's credentials already")
)

// Validate refuses a set that a server could not run with.
func (r Registration) Validate() error {
	var errs []error
	if r.ID <= 0 {
		errs = append(errs, errors.New("the App has no id"))
	}
	if _, err := rsaKey(r.PrivateKey, ""); err != nil {
		errs = append(errs, err)
	}
	if strings.TrimSpace(r.WebhookSecret.Reveal()) == "" {
		errs = append(errs, errors.New("the App has no webhook secret, so that anybody could send it events"))
	}
	if r.ClientID == "" || strings.TrimSpace(r.ClientSecret.Reveal()) == "" {
		errs = append(errs, errors.New("the App has no client id or no client secret, so that nobody could sign in"))
	}
	return errors.Join(errs...)
}

// document is app.json.
func (r Registration) document() ([]byte, error) {
	data, err := json.MarshalIndent(r, "", "  ")
	return append(data, '\n'), err
}

// Files are the set as files, in the order in which they are written.
func (r Registration) Files() ([]SecretFile, error) {
	data, err := r.document()
	if err != nil {
		return nil, err
	}
	return []SecretFile{
		{PrivateKeyFile, NewSecret(strings.TrimSpace(r.PrivateKey.Reveal()) + "\n")},
		{WebhookSecretFile, NewSecret(r.WebhookSecret.Reveal() + "\n")},
		{ClientSecretFile, NewSecret(r.ClientSecret.Reveal() + "\n")},
		{AppFile, NewSecret(string(data))},
	}, nil
}

// SecretFile is one of a set.
type SecretFile struct {
	Name    string
	Content Secret
}

// MayStore says why a set could not be stored in a folder: it has one already, or cannot
// be written to. It makes the folder where it is missing.
func MayStore(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("the folder for the credentials cannot be made: choose another one with --credentials: %w", err)
	}
	for _, name := range []string{AppFile, PrivateKeyFile, WebhookSecretFile, ClientSecretFile} {
		_, err := os.Lstat(filepath.Join(dir, name))
		switch {
		case err == nil:
			return fmt.Errorf("the folder %s %w (%s): they are not overwritten; name another folder with --credentials, or move them away", dir, ErrCredentialsThere, name)
		case !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("the folder for the credentials cannot be read: %w", err)
		}
	}
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return fmt.Errorf("the folder for the credentials cannot be written to: choose another one with --credentials: %w", err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// Store writes a set into a folder, for this user alone. It is all there, and on the disk,
// or nothing is. A set that is there stays as it is.
func (r Registration) Store(dir string) (err error) {
	if err := errors.Join(r.Validate(), MayStore(dir)); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a folder needs to be entered
		return fmt.Errorf("the folder for the credentials: %w", err)
	}
	files, err := r.Files()
	if err != nil {
		return err
	}
	var written []string
	defer func() {
		if err != nil {
			for _, name := range written {
				err = errors.Join(err, os.Remove(name))
			}
		}
	}()
	for _, f := range files {
		name := filepath.Join(dir, f.Name)
		to := name
		if f.Name == AppFile { // it appears at once, when all else is there
			to += ".new"
		}
		made, err := writeNew(to, f.Content.Reveal())
		if made {
			written = append(written, to)
		}
		if err != nil {
			return fmt.Errorf("store the credentials: %w", err)
		}
	}
	last := filepath.Join(dir, AppFile)
	if err := os.Rename(last+".new", last); err != nil {
		return fmt.Errorf("store the credentials: %w", err)
	}
	written[len(written)-1] = last
	if err := syncFolder(dir); err != nil {
		return fmt.Errorf("store the credentials: %w", err)
	}
	return nil
}

// writeNew writes a file that must not be there, and waits for the disk.
func writeNew(name, content string) (made bool, err error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return false, err
	}
	_, err = f.WriteString(content)
	return true, errors.Join(err, f.Sync(), f.Close())
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// ReadRegistration reads a folder of credentials. notes are what an operator should know
// of it. The error wraps ErrNoCredentials where there are none.
func ReadRegistration(dir string) (r Registration, notes []string, err error) {
	texts := map[string]string{}
	var missing []string
	for _, name := range []string{AppFile, PrivateKeyFile, WebhookSecretFile, ClientSecretFile} {
		file := filepath.Join(dir, name)
		info, err := os.Stat(file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, name)
			continue
		case err != nil:
			return Registration{}, nil, fmt.Errorf("the credentials in %s cannot be read: let this user read them: %w%s", dir, err, readable("--credentials", file, err))
		case info.Mode().Perm()&0o002 != 0:
			return Registration{}, nil, fmt.Errorf("%s can be written to by everybody on this machine, who could put another key there: chmod 0600 it", file)
		case info.Mode().Perm()&0o004 != 0 && name != AppFile:
			notes = append(notes, fmt.Sprintf("%s can be read by everybody on this machine (%04o); chmod 0600 it, unless nobody else is there, as in a container", file, info.Mode().Perm()))
		}
		data, err := readSmall(file)
		if err != nil {
			return Registration{}, nil, fmt.Errorf("the credentials in %s cannot be read: let this user read them: %w%s", dir, err, readable("--credentials", file, err))
		}
		texts[name] = strings.TrimSpace(string(data))
	}
	switch {
	case len(texts) == 0:
		return Registration{}, nil, ErrNoCredentials
	case len(missing) > 0:
		return Registration{}, nil, fmt.Errorf("the credentials in %s are not complete, %s is missing: put it back, or move the rest away and begin anew", dir, strings.Join(missing, ", "))
	}
	if info, err := os.Stat(dir); err != nil {
		return Registration{}, nil, fmt.Errorf("the credentials: %w", err)
	} else if info.Mode().Perm()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0 {
		return Registration{}, nil, fmt.Errorf("the folder %s can be written to by everybody on this machine, who could put another key there: chmod 0700 it", dir)
	}
	if err := json.Unmarshal([]byte(texts[AppFile]), &r); err != nil {
		return Registration{}, nil, fmt.Errorf("%s is not what was stored: %w", filepath.Join(dir, AppFile), err)
	}
	r.PrivateKey, r.WebhookSecret, r.ClientSecret = NewSecret(texts[PrivateKeyFile]), NewSecret(texts[WebhookSecretFile]), NewSecret(texts[ClientSecretFile])
	if err := r.Validate(); err != nil {
		return Registration{}, nil, fmt.Errorf("the credentials in %s: %w", dir, err)
	}
	return r, notes, nil
}

// systemd names the folder of a unit's credentials here.
const credentialsDirectory = "CREDENTIALS_DIRECTORY"

// CredentialsAt is the folder that credentials are read from: --credentials, or that of the
// unit where systemd gives it the App's.
func (s *App) CredentialsAt() string {
	if dir := os.Getenv(credentialsDirectory); dir != "" && filepath.Base(s.Folder) == DefaultFolder {
		if _, err := os.Stat(filepath.Join(dir, AppFile)); err == nil {
			return dir
		}
	}
	return s.Folder
}

// DefaultFolder is where credentials are kept if nothing else is said.
const DefaultFolder = "bonafide-credentials"

// Open fills in what the folder of credentials has and no flag or variable says. notes are
// what an operator should know. The error wraps ErrNoCredentials where there are none
// anywhere; half of them here and half there is an error that says which.
func (s *App) Open() (notes []string, err error) {
	given, lacking := s.halves()
	if len(lacking) == 0 {
		return nil, nil
	}
	r, notes, err := ReadRegistration(s.CredentialsAt())
	switch {
	case errors.Is(err, ErrNoCredentials) && len(given) > 0:
		return nil, nil // Credentials says what is missing
	case err != nil:
		return nil, err
	case len(given) > 0:
		return nil, s.mixed(given, lacking)
	}
	return notes, s.Take(r)
}

// halves are the credentials that flags and variables give, and those that they lack.
func (s *App) halves() (given, lacking []string) {
	for _, f := range []struct {
		flag string
		set  bool
	}{
		{"--app-id", s.AppID != 0},
		{"--private-key", !s.PrivateKey.Empty() || s.PrivateKeyFile != ""},
		{"--webhook-secret", !s.WebhookSecret.Empty() || s.WebhookSecretFile != ""},
	} {
		if f.set {
			given = append(given, f.flag)
		} else {
			lacking = append(lacking, f.flag)
		}
	}
	return given, lacking
}

// complete refuses credentials by flags that are not all there. None at all are fine: the
// folder has them, or the set-up page asks for them.
func (s *App) complete() error {
	given, lacking := s.halves()
	if len(given) == 0 {
		return nil
	}
	if _, err := os.Stat(filepath.Join(s.CredentialsAt(), AppFile)); err == nil && len(lacking) > 0 {
		return s.mixed(given, lacking)
	}
	_, err := s.Credentials()
	return err
}

// mixed is the error for credentials of which half is elsewhere.
func (s *App) mixed(given, lacking []string) error {
	return fmt.Errorf("%s is set, and %s only in the folder %s, which may be of another App: set %s too, or leave %s out",
		strings.Join(given, ", "), strings.Join(lacking, ", "), s.CredentialsAt(), strings.Join(lacking, " and "), strings.Join(given, " and "))
}

// Take makes these the settings of a registered App.
func (s *App) Take(r Registration) error {
	id, secret := s.ClientID != "", !s.ClientSecret.Empty() || s.ClientSecretFile != ""
	switch {
	case id != secret && id:
		return errors.New("--client-id is set, and the client secret only in the folder of credentials: set --client-secret too, or leave --client-id out")
	case id != secret:
		return errors.New("--client-secret is set, and the client id only in the folder of credentials: set --client-id too, or leave --client-secret out")
	case !id:
		s.ClientID, s.ClientSecret = r.ClientID, r.ClientSecret
	}
	if r.GitHubURL != "" && s.GitHubURL == defaultGitHub {
		s.GitHubURL = r.GitHubURL
	}
	if r.GitHubURL != "" && strings.TrimSuffix(s.GitHubURL, "/") != strings.TrimSuffix(r.GitHubURL, "/") {
		return fmt.Errorf("--github-url is %s, and the App of the credentials is known to %s: leave --github-url out, or name another folder with --credentials", s.GitHubURL, r.GitHubURL)
	}
	if s.PublicURL == "" {
		s.PublicURL = r.PublicURL
	}
	s.AppID, s.PrivateKey, s.WebhookSecret = r.ID, r.PrivateKey, r.WebhookSecret
	return nil
}

const defaultGitHub = "https://github.com"
