package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bonafide-app/bonafide/app/sandbox/forge"
	"github.com/bonafide-app/bonafide/app/store"
	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

const (
	startSecret   = "the-webhook-secret-of-the-start"
	startPassword = "hunter2-of-the-database"
)

// start is a server that is about to begin, and how.
type start struct {
	t   *testing.T
	dir string
	hub *forge.Server

	key, secret, database, github string
	late                          time.Duration // GitHub's clock after ours
	flags                         []string
	nobody                        bool // the files are read as a user without rights
}

func newStart(t *testing.T) *start {
	t.Helper()
	s := &start{t: t, dir: t.TempDir()}
	s.must(os.Chmod(filepath.Dir(s.dir), 0o755))
	s.hub = newHub(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(s.late).UTC().Format(http.TimeFormat))
		s.hub.Handler().ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.must(s.hub.SetURL(server.URL))
	s.must(s.hub.SetWebhookURL("https://bonafide.example.com/api/github/hook"))
	s.github = server.URL
	s.key = s.write("private-key.pem", string(s.hub.PrivateKeyPEM()))
	s.secret = s.write("webhook-secret", startSecret)
	s.database = filepath.Join(s.dir, "data", "bonafide.db")
	return s
}

func (s *start) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// write writes a file that everybody may read.
func (s *start) write(name, content string) string {
	s.t.Helper()
	file := filepath.Join(s.dir, name)
	s.must(os.WriteFile(file, []byte(content), 0o644))
	return file
}

func (s *start) args() []string {
	args := []string{"serve", "--listen=127.0.0.1:0", "--operator-listen=off", "--app-id=1001", "--database=" + s.database, "--github-url=" + s.github, "--npm-registry=http://127.0.0.1:1/"}
	for flag, file := range map[string]string{"--private-key-file": s.key, "--webhook-secret-file": s.secret} {
		if file != "" {
			args = append(args, flag+"="+file)
		}
	}
	return append(args, s.flags...)
}

// run runs the server until it ends by itself.
func (s *start) run() (status int, says string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	var out, stderr bytes.Buffer
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if s.nobody && os.Geteuid() == 0 {
			runtime.LockOSThread() // for good: the thread ends with the goroutine
			s.must(syscall.Setfsuid(65534))
		}
		status = run(ctx, s.args(), terminal{&out, &stderr}, unreachable())
	}()
	<-ended
	if ctx.Err() != nil || out.Len() > 0 {
		s.t.Errorf("it started, or prints a result: %s", &out)
	}
	return status, told(stderr.String())
}

// told is what is said to people: without the log, and without where to look for the flags.
func told(stderr string) string {
	var out strings.Builder
	for line := range strings.Lines(stderr) {
		if !strings.HasPrefix(line, "{") && !strings.HasPrefix(line, "Try `") {
			out.WriteString(line)
		}
	}
	return out.String()
}

// written is what is said without what differs from run to run.
func (s *start) written(says string) string {
	says = strings.NewReplacer(s.dir, "/srv/bonafide", s.github, "https://github.example.com").Replace(says)
	for _, p := range [][2]string{
		{`\d+m\d+s (behind|ahead)`, "10m0s $1"}, {`this user, \d+`, "this user, 65532"}, {`chown \d+`, "chown 65532"},
		{`127\.0\.0\.1:\d+`, "db.example.com:5432"}, {`127\.0\.0\.1`, "db.example.com"}, {`bonafide_[a-z0-9]{20,}`, "bonafide"}, {`version 9999.*? up to \d+`, "version 9999, and this program knows them up to 10"},
	} {
		says = regexp.MustCompile(p[0]).ReplaceAllString(says, p[1])
	}
	return says
}

func pemBlock(kind string) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte("of no use")}))
}

// rights is a PostgreSQL that asks for passwords, with the roles owner and bonafide.
func rights(t *testing.T) (address func(user, password, database string) string, do func(database, statement string)) {
	t.Helper()
	server := enginetest.StartServer(t, "fsync=off")
	do = func(database, statement string) {
		t.Helper()
		u, err := url.Parse(server.URL())
		if err != nil {
			t.Fatal(err)
		}
		u.Path = "/" + database
		conn, err := pgx.Connect(t.Context(), u.String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.WithoutCancel(t.Context()))
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	for _, statement := range []string{
		`CREATE ROLE bonafide LOGIN PASSWORD '` + startPassword + `'`, `CREATE ROLE owner LOGIN PASSWORD '` + startPassword + `'`,
		`DO $$ BEGIN EXECUTE format('COPY (SELECT unnest(ARRAY[''host all postgres 127.0.0.1/32 trust'', ''host all all 127.0.0.1/32 scram-sha-256''])) TO %L', current_setting('hba_file')); END $$`,
		`CREATE DATABASE bare`, `CREATE DATABASE closed`, `CREATE DATABASE theirs OWNER owner`, `CREATE DATABASE newer OWNER bonafide`,
		`REVOKE CONNECT ON DATABASE closed FROM PUBLIC`,
	} {
		do("postgres", statement)
	}
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	return func(user, password, database string) string {
		return fmt.Sprintf("postgres://%s:%s@127.0.0.1:%d/%s?sslmode=disable", user, password, server.Port(), database)
	}, do
}

// filled has the tables of this version in a database, made by whom it says, and marks them
// as a newer version's where that is asked for.
func filled(t *testing.T, database string, newer bool) {
	t.Helper()
	s, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	if newer {
		if _, err := s.DB().ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)`); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// What is wrong at the start ends it with a sentence, the command that mends it, and status
// 2. The page for who installs has all of them.
func TestAStartThatFailsSaysWhatMendsIt(t *testing.T) {
	const golden = "testdata/start.md"
	address := func(_, _, _ string) string { return "" }
	postgres := enginetest.Programs() != ""
	if postgres {
		at, do := rights(t)
		address = at
		do("theirs", `GRANT CREATE, USAGE ON SCHEMA public TO bonafide`)
		filled(t, address("owner", startPassword, "theirs"), false)
		filled(t, address("bonafide", startPassword, "newer"), true)
	}
	type fault struct {
		name string
		so   func(*start)
		says string // a part of it, with the command
	}
	groups := []struct {
		about  string
		faults []fault
	}{
		{"Key, secret and addresses", []fault{
			{"no key", func(s *start) { s.key = "" }, "set --private-key-file"},
			{"a key that is not there", func(s *start) { s.key = filepath.Join(s.dir, "nothing.pem") }, "no such file"},
			{"a key that the server's user may not read", func(s *start) {
				s.must(os.Chmod(s.key, 0o000))
				s.nobody = true
			}, "private-key.pem && sudo chmod 0400 "},
			{"a public key", func(s *start) { s.key = s.write("key.pub", pemBlock("PUBLIC KEY")) }, "--private-key-file KEY.pem"},
			{"a certificate", func(s *start) { s.key = s.write("cert.pem", pemBlock("CERTIFICATE")) }, "--private-key-file KEY.pem"},
			{"a key in the format of OpenSSH", func(s *start) { s.key = s.write("id_rsa", pemBlock("OPENSSH PRIVATE KEY")) }, "`ssh-keygen -p -m PEM -f "},
			{"an encrypted key", func(s *start) { s.key = s.write("locked.pem", pemBlock("ENCRYPTED PRIVATE KEY")) }, "`openssl rsa -in "},
			{"an empty webhook secret", func(s *start) { s.write("webhook-secret", "\n") }, "`openssl rand -hex 32 > "},
			{"a public address without TLS", func(s *start) { s.flags = []string{"--public-url=http://bonafide.example.com"} }, "write --public-url https://bonafide.example.com"},
			{"certificate authorities that are none", func(s *start) { s.flags = []string{"--ca-file=" + s.secret} }, "holds no PEM certificate"},
			{"a proxy that is none", func(s *start) { s.t.Setenv("HTTPS_PROXY", "ftp://u:"+startPassword+"@proxy.example.com") }, "HTTPS_PROXY is not the address of a proxy: write http://HOST:PORT"},
		}},
		{"GitHub", []fault{
			{"a key of another App", func(s *start) {
				key, err := rsa.GenerateKey(rand.Reader, 2048)
				s.must(err)
				s.key = s.write("other.pem", string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})))
			}, "--app-id ID --private-key-file KEY.pem"},
			{"an id of no App", func(s *start) {
				s.hub.SetFault(func(*http.Request, string) *forge.Fault {
					return &forge.Fault{Status: http.StatusNotFound, Body: `{"message":"Integration not found"}`}
				})
			}, "knows no App with this id"},
			{"a clock that is behind", func(s *start) { s.late = 10 * time.Minute; refuse(s) }, "behind GitHub's. GitHub refuses the App's key where it is a minute off. Let this machine keep the time by NTP: `sudo timedatectl set-ntp true`."},
			{"a clock that is ahead", func(s *start) { s.late = -10 * time.Minute; refuse(s) }, "ahead of GitHub's. GitHub refuses the App's key where it is a minute off. Let this machine keep the time by NTP: `sudo timedatectl set-ntp true`."},
			{"an App with too few permissions", func(s *start) {
				s.hub.SetAppPermissions(map[string]string{"contents": "read", "metadata": "read", "checks": "read", "pull_requests": "write"}, appEvents())
			}, "Missing: "},
			{"an App with too few events", func(s *start) { s.hub.SetAppPermissions(appPermissions(), appEvents()[2:]) }, "Not subscribed to: "},
			{"a webhook without TLS", func(s *start) { s.must(s.hub.SetWebhookURL("http://bonafide.example.com/api/github/hook")) }, "without TLS"},
			{"a webhook whose certificate is not verified", func(s *start) { s.hub.SetHookConfig(forge.HookConfig{Insecure: true}) }, "Enable SSL verification"},
		}},
		{"The database", []fault{
			{"a folder that may only be read", func(s *start) {
				s.must(os.Mkdir(filepath.Join(s.dir, "data"), 0o555))
				s.nobody = true
			}, "`sudo chown "},
			{"a SQLite file of a newer version", func(s *start) { filled(s.t, s.database, true) }, "cp BACKUP "},
			{"a PostgreSQL database of a newer version", func(s *start) { s.database = address("bonafide", startPassword, "newer") }, "pg_restore -d "},
			{"a wrong password", func(s *start) { s.database = address("bonafide", startPassword+"x", "newer") }, `\password`},
			{"a database that does not exist", func(s *start) { s.database = address("bonafide", startPassword, "missing") }, "`sudo -u postgres createdb --owner bonafide missing`"},
			{"a database that may not be connected to", func(s *start) { s.database = address("bonafide", startPassword, "closed") }, "GRANT CONNECT ON DATABASE"},
			{"a database without the right to make tables", func(s *start) { s.database = address("bonafide", startPassword, "bare") }, "GRANT USAGE, CREATE ON SCHEMA public TO"},
			{"tables of another role", func(s *start) { s.database = address("bonafide", startPassword, "theirs") }, `GRANT "owner" TO "bonafide"`},
		}},
	}
	kept, err := os.ReadFile(golden)
	if err != nil && !*update {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, g := range groups {
		fmt.Fprintf(&all, "### %s\n\n", g.about)
		for _, f := range g.faults {
			t.Run(f.name, func(t *testing.T) {
				s := newStart(t)
				f.so(s)
				if s.database == "" {
					t.Skip("skipped: no PostgreSQL on this machine")
				}
				status, says := s.run()
				if status != exitUsage || !strings.Contains(says, f.says) || strings.Count(says, "\n") != 1 {
					t.Errorf("status %d, want 2 and one line with %q:\n%s", status, f.says, says)
				}
				for _, secret := range []string{startSecret, startPassword, "of no use", "-----BEGIN"} {
					if strings.Contains(says, secret) {
						t.Errorf("it shows %s: %s", secret, says)
					}
				}
				part := fmt.Sprintf("%s:\n\n```text\n%s```\n\n", strings.ToUpper(f.name[:1])+f.name[1:], s.written(says))
				if all.WriteString(part); !*update && !strings.Contains(string(kept), part) {
					t.Errorf("%s does not have (write it with -update)\n%s", golden, part)
				}
			})
		}
	}
	if *update && postgres && !t.Failed() {
		if err := os.WriteFile(golden, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		kept = []byte(all.String())
	}
	const page = "../../docs/install.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, after, found := strings.Cut(string(text), startBegins)
	_, rest, ends := strings.Cut(after, startEnds)
	switch shown := before + startBegins + string(kept) + startEnds + rest; {
	case !found || !ends:
		t.Errorf("%s has no place for what a start says", page)
	case *update:
		if err := os.WriteFile(page, []byte(shown), 0o644); err != nil {
			t.Fatal(err)
		}
	case shown != string(text):
		t.Errorf("%s does not have what a start says (write it with -update)", page)
	}
}

// A database that is not there yet, after a restart of both, is no setting that is wrong: status
// 2 keeps systemd from starting the server again.
func TestAStartWithoutItsDatabaseMayBeTriedAgain(t *testing.T) {
	s := newStart(t)
	s.database = "postgres://bonafide:" + startPassword + "@127.0.0.1:1/bonafide"
	if status, says := s.run(); status != exitCouldNotCheck || !strings.Contains(says, "see that it runs") || strings.Contains(says, startPassword) {
		t.Errorf("status %d, want %d\n%s", status, exitCouldNotCheck, says)
	}
}

// What a start says of a PostgreSQL without rights mends it, a command at a time.
func TestTheCommandsForADatabaseWithoutRightsMendIt(t *testing.T) {
	address, do := rights(t)
	do("theirs", `GRANT CREATE, USAGE ON SCHEMA public TO bonafide`)
	filled(t, address("owner", startPassword, "theirs"), false)
	command := regexp.MustCompile(`psql -d (\w+) -c '([^']+)'`)
	for _, database := range []string{"closed", "bare", "theirs"} {
		for left := 3; ; left-- {
			s, err := store.Open(t.Context(), address("bonafide", startPassword, database))
			if err == nil {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
				break
			}
			m := command.FindStringSubmatch(err.Error())
			if m == nil || left == 0 {
				t.Fatalf("%s is not mended: %v", database, err)
			}
			do(m[1], m[2])
		}
	}
}

// Between these lines of the page is what a start says.
const (
	startBegins = "<!-- what a start says: written by TestAStartThatFailsSaysWhatMendsIt -->\n\n"
	startEnds   = "<!-- the end of what a start says -->\n"
)

// refuse has GitHub refuse tokens, as it does those of another time.
func refuse(s *start) {
	s.hub.SetFault(func(*http.Request, string) *forge.Fault {
		return &forge.Fault{Status: http.StatusUnauthorized, Body: `{"message":"'Expiration time' claim ('exp') is too far in the future"}`}
	})
}

func appPermissions() map[string]string {
	return map[string]string{"checks": "write", "contents": "read", "metadata": "read", "pull_requests": "write", "merge_queues": "read"}
}

func appEvents() []string {
	return []string{"pull_request", "pull_request_review", "pull_request_review_comment", "merge_group", "check_run", "check_suite", "push", "release", "repository", "public"}
}

// A GitHub in trouble keeps no server from taking what it sends.
func TestAServerStartsWhateverTroubleGitHubIsIn(t *testing.T) {
	for name, tt := range map[string]struct {
		so   func(*start)
		says string
	}{
		"it is down":              {func(s *start) { s.github = "http://127.0.0.1:1" }, "GitHub did not say who the App is"},
		"it answers 502":          {func(s *start) { s.fault(forge.BadGateway()) }, "GitHub answered 502"},
		"it limits requests":      {func(s *start) { s.fault(forge.SecondaryLimit(http.StatusForbidden, time.Second)) }, "GitHub did not say who the App is"},
		"it cuts its answers off": {func(s *start) { s.fault(&forge.Fault{Reset: true}) }, "GitHub did not say who the App is"},
		"it answers 404, and not as GitHub": {func(s *start) {
			s.fault(&forge.Fault{Status: http.StatusNotFound, Body: `{"message":"no such page"}`})
		}, "GitHub did not say who the App is"},
		"something on the way answers 401": {func(s *start) { s.fault(&forge.Fault{Status: http.StatusUnauthorized, Body: `<html>Sign in</html>`}) }, "GitHub did not say who the App is"},
		"it does not know a good key for a while": {func(s *start) {
			s.fault(&forge.Fault{Status: http.StatusUnauthorized, Body: `{"message":"Bad credentials"}`})
		}, "GitHub did not say who the App is"},
		"it refuses a good key once": {func(s *start) {
			var asked atomic.Bool
			s.hub.SetFault(func(*http.Request, string) *forge.Fault {
				if asked.Swap(true) {
					return nil
				}
				return &forge.Fault{Status: http.StatusUnauthorized, Body: `{"message":"A JSON web token could not be decoded"}`}
			})
		}, "ready for deliveries"},
		"its clock is off, or a proxy's": {func(s *start) { s.late = 10 * time.Minute }, "behind GitHub's"},
		"an owner has not accepted": {func(s *start) {
			s.must(s.hub.SetWebhookURL(""))
			s.hub.SetAppPermissions(map[string]string{"metadata": "read"}, appEvents())
			_, err := s.hub.Install(s.t.Context(), "acme")
			s.must(err)
			s.hub.SetAppPermissions(appPermissions(), appEvents())
		}, "has not accepted"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStart(t)
			trust := newShop(t)
			s.flags = trust.flags
			tt.so(s)
			_, stderr, end := begin(t, s.args()...)
			stderr.wait(t, `(ready for deliveries)`)
			if !strings.Contains(stderr.String(), tt.says) {
				t.Errorf("it does not say %q:\n%s", tt.says, stderr)
			}
			if status := end(); status != exitPassed {
				t.Errorf("it ended with %d", status)
			}
		})
	}
}

func TestAServerMayBeStoppedWhileItStarts(t *testing.T) {
	s := newStart(t)
	asked := make(chan struct{}, 1)
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(silent.Close)
	s.github = silent.URL
	_, stderr, end := begin(t, s.args()...)
	<-asked
	if status := end(); status != exitPassed || stderr.String() != "" {
		t.Errorf("status %d\n%s", status, stderr)
	}
}

func (s *start) fault(f *forge.Fault) {
	s.hub.SetFault(func(*http.Request, string) *forge.Fault { return f })
}
