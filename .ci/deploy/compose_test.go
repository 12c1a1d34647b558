package deploy

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// load reads a compose file as `docker compose` does, with --profile where profiles are named.
func load(t *testing.T, dir string, profiles ...string) (*types.Project, error) {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(dir, "compose.yaml")}, cli.WithWorkingDirectory(dir),
		cli.WithEnvFiles(), cli.WithDotEnv, cli.WithDefaultProfiles(profiles...))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(t.Context())
}

var secret = regexp.MustCompile(`(?i)(password|secret|token|private_key|://[^/@]*:[^/@]*@)`)

// composeFaults is what is wrong with a compose file beyond its form.
func composeFaults(t *testing.T, dir string) (out []string) {
	t.Helper()
	for _, tt := range []struct {
		profiles []string
		services []string
		servers  int
	}{
		{nil, []string{"bonafide"}, 1},
		{[]string{"sqlite"}, []string{"bonafide"}, 1},
		{[]string{"postgres"}, []string{"db", "replica"}, 2},
	} {
		project, err := load(t, dir, tt.profiles...)
		if err != nil {
			return append(out, err.Error())
		}
		if got := project.ServiceNames(); !slices.Equal(got, tt.services) {
			out = append(out, fmt.Sprintf("profiles %v start %v", tt.profiles, got))
		}
		servers := 0
		for name, s := range project.Services {
			say := func(format string, args ...any) { out = append(out, name+": "+fmt.Sprintf(format, args...)) }
			if !s.ReadOnly {
				say("its file system may be written to")
			}
			if !slices.Equal(s.CapDrop, []string{"ALL"}) || len(s.CapAdd) > 0 || s.Privileged {
				say("it has capabilities")
			}
			if !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
				say("it may gain privileges")
			}
			if s.MemLimit == 0 {
				say("its memory has no limit")
			}
			if s.StopGracePeriod == nil || time.Duration(*s.StopGracePeriod) < 40*time.Second {
				say("it is not given the time to end")
			}
			if s.Build == nil && !pinned.MatchString(s.Image) {
				say("its image %s is not pinned by digest", s.Image)
			}
			if s.Build != nil {
				if servers += s.GetScale(); len(s.Ports) != 1 {
					say("it publishes %d ports", len(s.Ports))
				}
			} else if len(s.Ports) > 0 {
				say("it publishes a port")
			}
			for _, p := range s.Ports {
				if p.HostIP != "127.0.0.1" || p.Target != 8080 {
					say("it publishes %s:%s:%d", p.HostIP, p.Published, p.Target)
				}
			}
			for key, value := range s.Environment {
				named := value != nil && strings.HasPrefix(*value, "/run/secrets/")
				if secret.MatchString(key) && !named || value != nil && secret.MatchString(*value) && !named {
					say("%s is a secret in the environment", key)
				}
			}
		}
		if servers != tt.servers {
			out = append(out, fmt.Sprintf("profiles %v start %d servers", tt.profiles, servers))
		}
	}
	return out
}

func TestCompose(t *testing.T) {
	if found := composeFaults(t, "../../deploy"); len(found) > 0 {
		t.Error(strings.Join(found, "\n"))
	}
}

func TestFaultsOfAComposeFileAreFound(t *testing.T) {
	for _, tt := range []struct{ file, from, to, want string }{
		{"compose.yaml", "\n  read_only: true\n", "\n", "may be written to"},
		{"compose.yaml", "  mem_limit: 512m", "  memlimit: 512m", "memlimit"},
		{"compose.yaml", "cap_drop: [ALL]", "cap_drop: [NET_RAW]", "has capabilities"},
		{"compose.yaml", `"127.0.0.1:8080:8080"`, `"127.0.0.1:8080:8080", "9464:9464"`, "publishes 2 ports"},
		{"compose.yaml", `"127.0.0.1:8080-8081:8080"`, `"8080-8081:8080"`, "publishes :8080-8081:8080"},
		{"compose.yaml", "POSTGRES_PASSWORD_FILE: /run/secrets/postgres-password", "POSTGRES_PASSWORD: hunter2", "POSTGRES_PASSWORD is a secret"},
		{"compose.yaml", "bonafide@db", "bonafide:hunter2@db", "BONAFIDE_DATABASE is a secret"},
		{"compose.yaml", "profiles: [sqlite]", "profiles: []", "start [bonafide db replica]"},
		{"compose.yaml", "replicas: 2", "replicas: 1", "start 1 servers"},
		{"compose.yaml", "secrets: [pgpass]", "secrets: [pgpas]", "undefined secret pgpas"},
		{"compose.yaml", "@sha256:051f7b7b", "@sha256:51f7b7b", "pinned|invalid|parsing"},
		{".env", "sqlite", "sqlit", "start []"},
	} {
		dir, broken := t.TempDir(), false
		for _, name := range []string{"compose.yaml", ".env"} {
			text, err := os.ReadFile(filepath.Join("../../deploy", name))
			if err != nil {
				t.Fatal(err)
			}
			after := string(text)
			if name == tt.file {
				after = strings.ReplaceAll(after, tt.from, tt.to)
				broken = after != string(text)
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(after), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		found := strings.Join(composeFaults(t, dir), "\n")
		if !broken || !strings.Contains(found, tt.want) && !regexp.MustCompile(tt.want).MatchString(found) {
			t.Errorf("%q: found is %q", tt.to, found)
		}
	}
}
