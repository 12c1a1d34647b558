package config

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/rs/zerolog"
)

func rsaPEM(t *testing.T, bits int) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

func pkcs8PEM(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// parse reads a command line as cmd does.
func parse(t *testing.T, args ...string) (*Server, error) {
	t.Helper()
	var cli struct {
		Serve struct {
			Server `embed:""`
		} `cmd:""`
	}
	k, err := kong.New(&cli, kong.Name("bonafide"), kong.Exit(func(int) { t.Error("it exited") }))
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.Parse(append([]string{"serve"}, args...))
	return &cli.Serve.Server, err
}

func TestServerStartsWithIdKeyAndSecret(t *testing.T) {
	key := rsaPEM(t, 2048)
	dir := t.TempDir()
	keyFile, secretFile := filepath.Join(dir, "key.pem"), filepath.Join(dir, "secret")
	for name, text := range map[string]string{keyFile: key, secretFile: "s3cret\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, args := range map[string][]string{
		"values":        {"--app-id=12", "--private-key=" + key, "--webhook-secret=s3cret"},
		"files":         {"--app-id=12", "--private-key-file=" + keyFile, "--webhook-secret-file=" + secretFile},
		"one-line PEM":  {"--app-id=12", "--private-key=" + strings.ReplaceAll(key, "\n", `\n`), "--webhook-secret=s3cret"},
		"on loopback":   {"--app-id=12", "--private-key=" + key, "--webhook-secret=s3cret", "--github-url=http://127.0.0.1:8081", "--npm-registry=http://localhost:4873/npm"},
		"on this [::1]": {"--app-id=12", "--private-key=" + key, "--webhook-secret=s3cret", "--github-api-url=http://[::1]:80/api/v3"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := parse(t, args...)
			if err != nil {
				t.Fatal(err)
			}
			c, err := s.Credentials()
			if err != nil || c.AppID != 12 || c.WebhookSecret.Reveal() != "s3cret" || strings.TrimSpace(c.PrivateKey.Reveal()) != strings.TrimSpace(key) {
				t.Errorf("%v, id %d, secret %q", err, c.AppID, c.WebhookSecret.Reveal())
			}
		})
	}
}

func TestServerReadsTheEnvironment(t *testing.T) {
	t.Setenv("BONAFIDE_APP_ID", "12")
	t.Setenv("BONAFIDE_PRIVATE_KEY", rsaPEM(t, 2048))
	t.Setenv("BONAFIDE_WEBHOOK_SECRET", "s3cret")
	t.Setenv("BONAFIDE_NPM_REGISTRY", "https://npm.example.com/repository/team")
	t.Setenv("BONAFIDE_TRY_FOR", "5s")
	s, err := parse(t)
	if err != nil {
		t.Fatal(err)
	}
	if s.Listen != ":8080" || s.Database.Reveal() != "bonafide.db" || s.TryFor != 5*time.Second || s.NPMRegistry != "https://npm.example.com/repository/team/" || s.LogLevel != "info" {
		t.Errorf("%+v", s)
	}
	g, err := s.GitHub()
	if err != nil || g != (GitHub{"https://github.com", "https://api.github.com/", "https://api.github.com/graphql"}) {
		t.Errorf("%+v, %v", g, err)
	}
	s.GitHubURL = "https://ghe.example.com/"
	g, err = s.GitHub()
	if err != nil || g != (GitHub{"https://ghe.example.com", "https://ghe.example.com/api/v3/", "https://ghe.example.com/api/graphql"}) {
		t.Errorf("%+v, %v", g, err)
	}
}

func TestTheOperatorsPagesAreNotWhereWebhooksArrive(t *testing.T) {
	for address, wrong := range map[string]bool{"": false, "off": false, "Off": true, "127.0.0.1:9464": false, ":8081": false, ":8080": true, "9464": true, "127.0.0.1:": true} {
		s := Server{Listen: ":8080", OperatorListen: address}
		if err := s.Validate(); strings.Contains(err.Error(), "--operator-listen") != wrong {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestTheOperatorsPagesCanBeNowhere(t *testing.T) {
	for set, want := range map[string]string{"off": "", "": "", "0.0.0.0:9464": "0.0.0.0:9464", "unset": DefaultOperatorListen} {
		if set != "unset" {
			t.Setenv("BONAFIDE_OPERATOR_LISTEN", set)
		} else if err := os.Unsetenv("BONAFIDE_OPERATOR_LISTEN"); err != nil {
			t.Fatal(err)
		}
		s, err := parse(t)
		if err != nil || s.Operator() != want {
			t.Errorf("%q: %v, %v", set, s.Operator(), err)
		}
	}
}

func TestServerRefusesWhatItMustNotRunWith(t *testing.T) {
	key, small := rsaPEM(t, 2048), rsaPEM(t, 1024)
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	empty, large := filepath.Join(dir, "empty"), filepath.Join(dir, "large")
	for name, data := range map[string][]byte{empty: []byte(" \n"), large: bytes.Repeat([]byte("x"), MaxSecretBytes+1)} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good := map[string]string{"app-id": "12", "private-key": key, "webhook-secret": "s3cret"}
	for _, c := range []struct {
		name string
		set  map[string]string // "" leaves a flag out
		want string
	}{
		{"no id", map[string]string{"app-id": ""}, "the App's id is missing"},
		{"id 0", map[string]string{"app-id": "0"}, "the App's id is missing"},
		{"a negative id", map[string]string{"app-id": "-3"}, "the App's id is missing"},
		{"no secret", map[string]string{"webhook-secret": ""}, "--webhook-secret is missing: set --webhook-secret-file or --webhook-secret, or one of the variables BONAFIDE_WEBHOOK_SECRET_FILE and BONAFIDE_WEBHOOK_SECRET"},
		{"a secret of blanks", map[string]string{"webhook-secret": "  "}, "--webhook-secret is missing"},
		{"an empty secret file", map[string]string{"webhook-secret": "", "webhook-secret-file": empty}, "is empty: put the App's webhook secret into it"},
		{"a large secret file", map[string]string{"webhook-secret": "", "webhook-secret-file": large}, "is larger than"},
		{"no such secret file", map[string]string{"webhook-secret": "", "webhook-secret-file": filepath.Join(dir, "none")}, "--webhook-secret-file cannot be read"},
		{"a secret twice", map[string]string{"webhook-secret-file": empty}, "are both set: leave one of them out"},
		{"no key", map[string]string{"private-key": ""}, "--private-key is missing"},
		{"a key that is no PEM", map[string]string{"private-key": "hunter2"}, "the App's private key is not PEM: use the .pem file"},
		{"a key with something behind it", map[string]string{"private-key": key + "x"}, "has something behind it"},
		{"a broken key", map[string]string{"private-key": strings.Replace(key, "MII", "AAA", 1)}, "does not parse"},
		{"an elliptic key", map[string]string{"private-key": pkcs8PEM(t, elliptical)}, "is not an RSA key"},
		{"a small key", map[string]string{"private-key": small}, "has only 1024 bits"},
		{"GitHub without TLS", map[string]string{"github-url": "http://github.com"}, "--github-url must begin with https://"},
		{"an API without TLS", map[string]string{"github-api-url": "http://10.0.0.1/"}, "--github-api-url must begin with https://"},
		{"a GraphQL address that is none", map[string]string{"github-graphql-url": "graphql"}, "--github-graphql-url is not an address"},
		{"a registry without TLS", map[string]string{"npm-registry": "http://registry.npmjs.org"}, "--npm-registry must begin with https://"},
		{"a registry that only looks like this machine", map[string]string{"npm-registry": "http://localhost.evil.example"}, "--npm-registry must begin with https://"},
		{"a registry with a password", map[string]string{"npm-registry": "https://user:hunter2@npm.example.com"}, "contains a user or password"},
		{"a registry with a query", map[string]string{"npm-registry": "https://npm.example.com/?a=b"}, "has a query"},
		{"a file address", map[string]string{"npm-registry": "file:///etc/passwd"}, "--npm-registry is not an address"},
		{"a port alone", map[string]string{"listen": "8080"}, "write HOST:PORT"},
		{"no database", map[string]string{"database": " "}, "--database is empty"},
		{"another kind of database", map[string]string{"database": "mysql://user:hunter2@db/x"}, "an address of another kind"},
		{"a database's password that is not escaped", map[string]string{"database": "postgres://user:hunter2%@db/x"}, "is not an address"},
		{"a database in PostgreSQL's other syntax", map[string]string{"database": "host=db user=bonafide password=hunter2"}, "as it must be written"},
		{"a database with a slash less", map[string]string{"database": "postgres:/user:hunter2@db/x"}, "as it must be written"},
		{"a database without a scheme", map[string]string{"database": "user:hunter2@db/x"}, "as it must be written"},
		{"a server without a database", map[string]string{"database": "postgres://user:hunter2@db"}, "no database on it"},
		{"no workers", map[string]string{"workers": "0"}, "--workers 0: choose from 1 to 256"},
		{"trying not at all", map[string]string{"try-for": "0s"}, "--try-for"},
		{"trying for ever", map[string]string{"try-for": "1000h"}, "--try-for"},
		{"sweeping all the time", map[string]string{"sweep-every": "1s"}, "--sweep-every"},
		{"sweeping after the log has ended", map[string]string{"sweep-every": "73h"}, "--sweep-every"},
		{"looking all the time", map[string]string{"reconcile-every": "0s"}, "--reconcile-every"},
		{"looking hardly ever", map[string]string{"reconcile-every": "1000h"}, "--reconcile-every"},
		{"keeping reports for an hour", map[string]string{"keep-reports": "1h"}, "--keep-reports"},
		{"keeping reports for ever", map[string]string{"keep-reports": "100000h"}, "--keep-reports"},
		{"a log level that is none", map[string]string{"log-level": "loud"}, "must be one of"},
	} {
		t.Run(c.name, func(t *testing.T) {
			set := maps.Clone(good)
			maps.Copy(set, c.set)
			var args []string
			for flag, value := range set {
				if value != "" {
					args = append(args, "--"+flag+"="+value)
				}
			}
			_, err := parse(t, args...)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, expected %q", err, c.want)
			}
			if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("a secret is shown: %v", err)
			}
		})
	}
}

func TestServerSaysEverythingThatIsWrong(t *testing.T) {
	_, err := parse(t, "--github-url=http://x", "--listen=1", "--webhook-secret= ")
	for _, want := range []string{"App's id", "--private-key is missing", "--webhook-secret is missing", "--github-url", "--listen"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said in %v", want, err)
		}
	}
}

func TestASecretIsNeverShown(t *testing.T) {
	s := Server{App: App{PrivateKey: NewSecret("hunter2"), WebhookSecret: NewSecret("hunter2")}}
	c := Credentials{PrivateKey: NewSecret("hunter2"), WebhookSecret: NewSecret("hunter2")}
	type keeps struct { // what fmt shows without asking it
		kept Secret
		all  []Secret
	}
	var shown bytes.Buffer
	k := keeps{NewSecret("hunter2"), []Secret{NewSecret("hunter2")}}
	fmt.Fprintf(&shown, "%v %+v %#v %v\n", k, k, k, &k)
	slog.New(slog.NewTextHandler(&shown, nil)).Info("m", "s", c.PrivateKey, "c", c, "k", k)
	slog.New(slog.NewJSONHandler(&shown, nil)).Info("m", "s", c.PrivateKey, "c", c, "k", k)
	for _, v := range []any{s, &s, c, &c, c.PrivateKey, &c.PrivateKey, []Secret{c.PrivateKey}, map[string]Secret{"a": c.PrivateKey}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
			fmt.Fprintf(&shown, verb+"\n", v)
		}
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		shown.Write(data)
		log := zerolog.New(&shown)
		log.Info().Interface("i", v).Any("a", v).Msg("m")
	}
	log := zerolog.New(&shown)
	log.Info().Stringer("s", c.PrivateKey).Object("o", c.PrivateKey).EmbedObject(c.PrivateKey).Msgf("%v", c)
	fmt.Fprintln(&shown, c.PrivateKey, fmt.Errorf("x: %v", c.PrivateKey))
	for _, form := range []string{"hunter2", fmt.Sprintf("%x", "hunter2"), fmt.Sprintf("%X", "hunter2")} {
		if strings.Contains(shown.String(), form) {
			t.Errorf("it is shown as %s", form)
		}
	}
	if n := strings.Count(shown.String(), "[redacted]"); n < 100 {
		t.Errorf("[redacted] stands there only %d times:\n%s", n, shown.String())
	}
}
