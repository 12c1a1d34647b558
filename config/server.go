package config

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"
)

// Evidence are the settings of where evidence comes from and what it is held
// against. The server and the command line share them.
type Evidence struct {
	NPMRegistry    string `name:"npm-registry" env:"BONAFIDE_NPM_REGISTRY" default:"https://registry.npmjs.org/" placeholder:"URL" help:"The npm registry that is asked for evidence; may have a path prefix (${default})."`
	RegistriesFile string `name:"registries" env:"BONAFIDE_REGISTRIES" type:"path" placeholder:"FILE" help:"A file (YAML) with your own registries, mirrors of the public one, and scopes that nobody is asked about."`
	CAFile         string `name:"ca-file" env:"BONAFIDE_CA_FILE" type:"path" placeholder:"FILE" help:"Certificate authorities (PEM) for TLS, in addition to the system's."`
	TrustedRoot    string `name:"trusted-root" env:"BONAFIDE_TRUSTED_ROOT" type:"path" placeholder:"FILE" help:"A Sigstore trusted root (JSON) in place of the public one."`
	NPMKeys        string `name:"npm-keys" env:"BONAFIDE_NPM_KEYS" type:"path" placeholder:"FILE" help:"The registry's keys, in TUF's or /-/npm/v1/keys' shape, in place of npm's."`
	TUFMirror      string `name:"tuf-mirror" env:"BONAFIDE_TUF_MIRROR" placeholder:"URL" help:"A mirror of Sigstore's TUF repository, which the trust root is renewed from; what it gives is verified all the same. Without it, Sigstore's own."`
	CacheDir       string `name:"cache-dir" env:"BONAFIDE_CACHE_DIR" type:"path" placeholder:"DIR" help:"Where facts about releases are kept between runs."`
}

// App are the settings of which App this is, and of the GitHub that knows it. The server
// and the setting up share them.
type App struct {
	Folder      string `name:"credentials" env:"BONAFIDE_CREDENTIALS" type:"path" default:"bonafide-credentials" placeholder:"DIR" help:"The folder of the App's credentials, which setting up writes; the flags below come before it (${default})."`
	SetupListen string `name:"setup-listen" env:"BONAFIDE_SETUP_LISTEN" default:"127.0.0.1:0" placeholder:"HOST:PORT" help:"Where the set-up page opens while there are no credentials; an address of this machine alone, port 0 is a free one (${default})."`
	Org         string `name:"org" env:"BONAFIDE_ORG" placeholder:"NAME" help:"The organisation that the set-up page makes the App for. Without it, you."`

	AppID             int64  `name:"app-id" env:"BONAFIDE_APP_ID" placeholder:"ID" help:"The GitHub App's id."`
	PrivateKey        Secret `name:"private-key" env:"BONAFIDE_PRIVATE_KEY" placeholder:"PEM" help:"The App's private key. Better in the environment or in a file than as a flag."`
	PrivateKeyFile    string `name:"private-key-file" env:"BONAFIDE_PRIVATE_KEY_FILE" type:"path" placeholder:"FILE" help:"The App's private key, as the .pem file that GitHub gave."`
	WebhookSecret     Secret `name:"webhook-secret" env:"BONAFIDE_WEBHOOK_SECRET" placeholder:"SECRET" help:"The App's webhook secret. Better in the environment or in a file than as a flag."`
	WebhookSecretFile string `name:"webhook-secret-file" env:"BONAFIDE_WEBHOOK_SECRET_FILE" type:"path" placeholder:"FILE" help:"A file with the App's webhook secret."`

	ClientID         string `name:"client-id" env:"BONAFIDE_CLIENT_ID" placeholder:"ID" help:"The App's client id, for people to sign in with GitHub."`
	ClientSecret     Secret `name:"client-secret" env:"BONAFIDE_CLIENT_SECRET" placeholder:"SECRET" help:"The App's client secret. Better in the environment or in a file than as a flag."`
	ClientSecretFile string `name:"client-secret-file" env:"BONAFIDE_CLIENT_SECRET_FILE" type:"path" placeholder:"FILE" help:"A file with the App's client secret."`

	PublicURL string `name:"public-url" env:"BONAFIDE_PUBLIC_URL" placeholder:"URL" help:"Where people and GitHub reach this server, for example https://bonafide.example.com. Without it checks have no link to their report."`

	GitHubURL        string `name:"github-url" env:"BONAFIDE_GITHUB_URL" default:"https://github.com" placeholder:"URL" help:"GitHub's web address (${default})."`
	GitHubAPIURL     string `name:"github-api-url" env:"BONAFIDE_GITHUB_API_URL" placeholder:"URL" help:"GitHub's REST API (https://api.github.com/, or URL/api/v3/ of another --github-url)."`
	GitHubGraphQLURL string `name:"github-graphql-url" env:"BONAFIDE_GITHUB_GRAPHQL_URL" placeholder:"URL" help:"GitHub's GraphQL API (https://api.github.com/graphql, or URL/api/graphql of another --github-url)."`
}

// Server are the operator's settings for bonafide serve: flags, or the environment.
type Server struct {
	Listen string `name:"listen" env:"BONAFIDE_LISTEN" default:":8080" placeholder:"HOST:PORT" help:"Where to listen for webhooks, for people who look at the pages, and for /healthz and /readyz (${default})."`

	OperatorListen string `name:"operator-listen" env:"BONAFIDE_OPERATOR_LISTEN" default:"127.0.0.1:9464" placeholder:"HOST:PORT" help:"Where operators find the server's own page, GET /metrics for Prometheus, the jobs and profiles; off is nowhere. Nobody is asked who they are there: it must not be public (${default})."`

	App           `embed:""`
	PublicReports bool `name:"public-reports" env:"BONAFIDE_PUBLIC_REPORTS" help:"Show the reports of public repositories to everybody. Without it only to those who sign in."`

	Database Secret `name:"database" env:"BONAFIDE_DATABASE" default:"bonafide.db" placeholder:"FILE|URL" help:"Where everything is kept: a SQLite file, which is created where there is none, or for several servers the address of a PostgreSQL database, postgres://USER:PASSWORD@HOST/NAME?sslmode=verify-full. With a password better in the environment than as a flag (${default})."`
	Evidence `embed:""`
	Workers  int           `name:"workers" env:"BONAFIDE_WORKERS" default:"32" help:"Jobs that run at the same time (${default})."`
	TryFor   time.Duration `name:"try-for" env:"BONAFIDE_TRY_FOR" default:"30m" help:"How long to go on asking for evidence that cannot be had, before the check says so (${default})."`

	SweepEvery     time.Duration `name:"sweep-every" env:"BONAFIDE_SWEEP_EVERY" default:"5m" help:"How often to look in GitHub's delivery log for what did not arrive, and have it sent again (${default})."`
	ReconcileEvery time.Duration `name:"reconcile-every" env:"BONAFIDE_RECONCILE_EVERY" default:"1h" help:"How often to look for open pull requests without a completed check (${default})."`

	RequireOrgPolicy bool `name:"require-org-policy" env:"BONAFIDE_REQUIRE_ORG_POLICY" help:"Let no check pass where the policy file of the owner's .github repository sets no floor (enforce) or cannot be read."`

	KeepReports time.Duration `name:"keep-reports" env:"BONAFIDE_KEEP_REPORTS" default:"2400h" help:"How long reports and the history of verdicts are kept (${default})."`
	AuditLog    string        `name:"audit-log" env:"BONAFIDE_AUDIT_LOG" type:"path" placeholder:"FILE" help:"Where to append what was decided and by whom, a line of JSON each; - is standard output. Nowhere where it is not set."`

	LogLevel  string `name:"log-level" env:"BONAFIDE_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" help:"How much to log: ${enum} (${default})."`
	LogFormat string `name:"log-format" env:"BONAFIDE_LOG_FORMAT" default:"json" enum:"json,console" help:"How to log: ${enum} (${default})."`
}

// Credentials are what the App proves itself with.
type Credentials struct {
	AppID         int64
	PrivateKey    Secret // PEM, PKCS #1 or PKCS #8, an RSA key
	WebhookSecret Secret // never empty: an empty one would accept unsigned events
}

// GitHub are the addresses of GitHub. API ends in a slash, the others do not.
type GitHub struct{ Web, API, GraphQL string }

const (
	maxWorkers = 256
	minTryFor  = time.Second
	maxTryFor  = 24 * time.Hour

	// GitHub keeps its delivery log for three days, and a round of either takes some of
	// the requests that a server has in an hour.
	minSweepEvery     = 5 * time.Second
	maxSweepEvery     = 24 * time.Hour
	minReconcileEvery = 10 * time.Second
	maxReconcileEvery = 7 * 24 * time.Hour

	// A report is looked at while its pull request is open, and what is older than ten years
	// nobody asks for.
	minKeepReports = 24 * time.Hour
	maxKeepReports = 10 * 365 * 24 * time.Hour
)

// ValidateSetup refuses what the set-up page cannot open with.
func (s *App) ValidateSetup() error {
	_, err := s.GitHub()
	return errors.Join(setupListen(s.SetupListen), err)
}

// setupListen refuses an address that others than this machine could reach.
func setupListen(address string) error {
	host, port, err := net.SplitHostPort(address)
	if ip, ipErr := netip.ParseAddr(host); address != "" && (err != nil || port == "" || ipErr != nil || !ip.IsLoopback()) {
		return fmt.Errorf("--setup-listen %q: the set-up page opens on this machine alone: write 127.0.0.1:PORT or [::1]:PORT", address)
	}
	return nil
}

// Validate refuses settings that the server cannot or must not run with. Every
// error is one sentence that says what to do; all of them are joined. It reads the
// files of key and secret.
func (s *Server) Validate() error {
	errs := []error{s.Evidence.Validate()}
	errs = append(errs, s.complete())
	_, err := s.GitHub()
	errs = append(errs, err)
	_, err = s.publicAddress() // what people sign in with may be in the folder, which is read later
	errs = append(errs, err)
	if _, port, err := net.SplitHostPort(s.Listen); err != nil || port == "" {
		errs = append(errs, fmt.Errorf("--listen %q: write HOST:PORT, for example :8080 or 127.0.0.1:8080", s.Listen))
	}
	errs = append(errs, s.operatorAddress())
	errs = append(errs, setupListen(s.SetupListen), databaseName(s.Database.Reveal()))
	if s.Workers < 1 || s.Workers > maxWorkers {
		errs = append(errs, fmt.Errorf("--workers %d: choose from 1 to %d", s.Workers, maxWorkers))
	}
	if s.TryFor < minTryFor || s.TryFor > maxTryFor {
		errs = append(errs, fmt.Errorf("--try-for %v: choose from %v to %v", s.TryFor, minTryFor, maxTryFor))
	}
	if s.SweepEvery < minSweepEvery || s.SweepEvery > maxSweepEvery {
		errs = append(errs, fmt.Errorf("--sweep-every %v: choose from %v to %v", s.SweepEvery, minSweepEvery, maxSweepEvery))
	}
	if s.ReconcileEvery < minReconcileEvery || s.ReconcileEvery > maxReconcileEvery {
		errs = append(errs, fmt.Errorf("--reconcile-every %v: choose from %v to %v", s.ReconcileEvery, minReconcileEvery, maxReconcileEvery))
	}
	if s.KeepReports < minKeepReports || s.KeepReports > maxKeepReports {
		errs = append(errs, fmt.Errorf("--keep-reports %v: choose from %v to %v (10 years)", s.KeepReports, minKeepReports, maxKeepReports))
	}
	return errors.Join(errs...)
}

// elsewhere is how a database is written otherwise, or by mistake. Taken for a file's name
// it would keep everything in the wrong place, with the password in its name.
var elsewhere = regexp.MustCompile(`(?i)^postgres(?:ql)?[:/]|:[^/]*@|\b(?:password|host)\s*=`)

// databaseName refuses what is neither a path nor the address of a PostgreSQL. It shows
// nothing of an address: there may be a password in it.
func databaseName(name string) error {
	if strings.TrimSpace(name) == "" {
		return errors.New("--database is empty: name the file that the database is kept in, or the address of a PostgreSQL database")
	}
	scheme, _, found := strings.Cut(name, "://")
	if !found && elsewhere.MatchString(name) {
		return errors.New("--database is neither a file nor an address as it must be written: name a file, or write postgres://USER:PASSWORD@HOST/NAME")
	}
	if !found {
		return nil
	}
	if scheme != "postgres" && scheme != "postgresql" {
		return errors.New("--database has an address of another kind: name a file, or write postgres://USER:PASSWORD@HOST/NAME")
	}
	u, err := url.Parse(name)
	switch {
	case err != nil:
		return errors.New("--database is not an address: write postgres://USER:PASSWORD@HOST/NAME, other characters than letters and digits of the password as %XX")
	case strings.Trim(u.Path, "/") == "" && !u.Query().Has("dbname") && !u.Query().Has("service"):
		return errors.New("--database names a PostgreSQL server but no database on it: write postgres://USER:PASSWORD@HOST/NAME")
	}
	return nil
}

// Validate refuses an address that evidence must not come from.
func (e *Evidence) Validate() error {
	u, err := address("--npm-registry", e.NPMRegistry)
	if err != nil {
		return err
	}
	e.NPMRegistry = withSlash(u)
	if e.TUFMirror == "" {
		return nil
	}
	if u, err = address("--tuf-mirror", e.TUFMirror); err != nil {
		return err
	}
	e.TUFMirror = strings.TrimSuffix(u.String(), "/")
	return nil
}

// Credentials reads id, key and secret, from files where they are in files.
func (s *App) Credentials() (Credentials, error) {
	c := Credentials{AppID: s.AppID}
	var errs []error
	if s.AppID <= 0 {
		errs = append(errs, errors.New("the App's id is missing: set --app-id or BONAFIDE_APP_ID to the number on the App's settings page"))
	}
	var err error
	if c.PrivateKey, err = valueOrFile("--private-key", s.PrivateKey, s.PrivateKeyFile); err != nil {
		errs = append(errs, err)
	} else if c.PrivateKey, err = rsaKey(c.PrivateKey, s.PrivateKeyFile); err != nil {
		errs = append(errs, err)
	}
	if c.WebhookSecret, err = valueOrFile("--webhook-secret", s.WebhookSecret, s.WebhookSecretFile); err != nil {
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		return Credentials{}, errors.Join(errs...)
	}
	return c, nil
}

// valueOrFile takes a secret from exactly one of two places, without the white
// space around it.
func valueOrFile(flag string, value Secret, file string) (Secret, error) {
	raw := value.Reveal()
	switch {
	case raw != "" && file != "":
		return Secret{}, fmt.Errorf("%s and %s-file are both set: leave one of them out", flag, flag)
	case file != "":
		data, err := readSmall(file)
		if err != nil {
			return Secret{}, fmt.Errorf("%s-file cannot be read: %w%s", flag, err, readable(flag+"-file", file, err))
		}
		raw = string(data)
	}
	raw = strings.TrimSpace(raw)
	if raw == "" {
		if file != "" {
			return Secret{}, emptyFile(flag, file)
		}
		return Secret{}, fmt.Errorf("%s is missing: set %s-file or %s, or one of the variables %s_FILE and %s",
			flag, flag, flag, environment(flag), environment(flag))
	}
	return NewSecret(raw), nil
}

func environment(flag string) string {
	return "BONAFIDE_" + strings.ToUpper(strings.ReplaceAll(strings.TrimPrefix(flag, "--"), "-", "_"))
}

// readSmall reads a file of at most MaxSecretBytes.
func readSmall(name string) ([]byte, error) { return readAtMost(name, MaxSecretBytes) }

func readAtMost(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, limit)
	}
	return data, nil
}

// GitHub gives GitHub's addresses, those of the API by --github-url where they are
// not set.
func (s *App) GitHub() (GitHub, error) {
	web, err := address("--github-url", s.GitHubURL)
	if err != nil {
		return GitHub{}, err
	}
	g := GitHub{Web: strings.TrimSuffix(web.String(), "/"), API: s.GitHubAPIURL, GraphQL: s.GitHubGraphQLURL}
	public := web.Host == "github.com" || web.Host == "www.github.com"
	if g.API == "" {
		g.API = g.Web + "/api/v3/"
		if public {
			g.API = "https://api.github.com/"
		}
	}
	if g.GraphQL == "" {
		g.GraphQL = g.Web + "/api/graphql"
		if public {
			g.GraphQL = "https://api.github.com/graphql"
		}
	}
	api, apiErr := address("--github-api-url", g.API)
	graphql, graphqlErr := address("--github-graphql-url", g.GraphQL)
	if err := errors.Join(apiErr, graphqlErr); err != nil {
		return GitHub{}, err
	}
	g.API, g.GraphQL = withSlash(api), strings.TrimSuffix(graphql.String(), "/")
	return g, nil
}

// address reads an address that is asked with credentials or trusted for evidence:
// https, except on this machine itself, and nothing in it but host and path.
func address(flag, value string) (*url.URL, error) {
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return nil, fmt.Errorf("%s is not an address: write it like https://example.com/", flag)
	case u.User != nil:
		return nil, fmt.Errorf("%s contains a user or password: leave them out", flag)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fmt.Errorf("%s has a query or fragment: leave them out", flag)
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		secure := *u
		secure.Scheme = "https"
		return nil, fmt.Errorf("%s must begin with https:// (http:// only for this machine itself), and not be %s: write %[1]s %[3]s", flag, u, &secure)
	}
	return u, nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func withSlash(u *url.URL) string { return strings.TrimSuffix(u.String(), "/") + "/" }
