package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// changes measures an audit of the lockfile after one of it without one package: the
// registry is asked for that package alone.
func changes(ctx context.Context, o options, bench, work, tool string, shown io.Writer) error {
	lockfile := filepath.Join(bench, "lockfile", "package-lock.json")
	at := filepath.Join(work, "reg")
	if err := os.RemoveAll(at); err != nil {
		return err
	}
	server := exec.CommandContext(ctx, filepath.Join(work, "bin", "npmregistry"), "-lockfile", lockfile, "-profile", filepath.Join(bench, "profile.json"),
		"-attested", "101", "-out", at, "-http", "127.0.0.1:0", "-https", "127.0.0.1:0", "-tuf", "127.0.0.1:0", "-proxy", "127.0.0.1:0")
	if err := server.Start(); err != nil {
		return err
	}
	defer func() { _ = server.Process.Kill(); _ = server.Wait() }()
	env, err := environment(ctx, filepath.Join(at, "env"))
	if err != nil {
		return err
	}
	less, err := withoutOne(ctx, lockfile, env["BENCH_HTTP"])
	if err != nil {
		return err
	}
	for kind, text := range less {
		smaller, cache := filepath.Join(work, kind, "package-lock.json"), filepath.Join(work, "cache")
		if err := os.MkdirAll(filepath.Dir(smaller), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(smaller, text, 0o600); err != nil {
			return err
		}
		command := func(file string) string {
			return tool + strings.NewReplacer("{lockfile}", file, "{registry_https}", env["BENCH_HTTPS"], "{ca}", at+"/ca.pem",
				"{trusted_root}", at+"/trusted_root.json", "{keys}", at+"/keys.json", "{cache}", cache).Replace(audit)
		}
		measure := exec.CommandContext(ctx, filepath.Join(work, "bin", "measure"), "-n", fmt.Sprint(o.runs), "-label", "bonafide, one package more, "+kind,
			"-before", "rm -rf '"+cache+"' && "+command(smaller), "-stats", env["BENCH_HTTP"], "--", "sh", "-c", "exec "+command(lockfile))
		measure.Stdout, measure.Stderr = shown, os.Stderr
		if err := measure.Run(); err != nil {
			return err
		}
	}
	return nil
}

// environment waits for the file in which the registry says where it is.
func environment(ctx context.Context, name string) (map[string]string, error) {
	ctx, stop := context.WithTimeout(ctx, 2*time.Minute)
	defer stop()
	for {
		if f, err := os.Open(name); err == nil {
			defer f.Close()
			env := map[string]string{}
			for in := bufio.NewScanner(f); in.Scan(); {
				key, value, _ := strings.Cut(in.Text(), "=")
				env[key] = strings.Trim(value, `'"`)
			}
			if env["BENCH_HTTP"] != "" && env["BENCH_HTTPS"] != "" {
				return env, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, errors.New("the registry did not start")
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// withoutOne is a lockfile without one of its packages, twice: without one that has no
// attestation and needs no date, and without one that is attested.
func withoutOne(ctx context.Context, lockfile, registry string) (map[string][]byte, error) {
	data, err := os.ReadFile(lockfile)
	if err != nil {
		return nil, err
	}
	var doc map[string]json.RawMessage
	var packages map[string]json.RawMessage
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(doc["packages"], &packages); err != nil {
		return nil, err
	}
	places := map[string][]string{} // of each name@version
	for place, entry := range packages {
		var e struct{ Version string }
		if json.Unmarshal(entry, &e) == nil && strings.Contains(place, "node_modules/") {
			name := place[strings.LastIndex(place, "node_modules/")+len("node_modules/"):]
			places[name+"/"+e.Version] = append(places[name+"/"+e.Version], place)
		}
	}
	expired, err := expiredKeys(ctx, registry)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for release, at := range places {
		kind := ""
		if len(at) == 1 && len(out) < 2 {
			if kind, err = kindOf(ctx, registry+release, expired); err != nil {
				return nil, err
			}
		}
		if kind == "" || out[kind] != nil {
			continue
		}
		entry := packages[at[0]]
		delete(packages, at[0])
		if doc["packages"], err = json.Marshal(packages); err != nil {
			return nil, err
		}
		if out[kind], err = json.Marshal(doc); err != nil {
			return nil, err
		}
		packages[at[0]] = entry
	}
	if len(out) != 2 {
		return nil, errors.New("the lockfile has no package of each kind")
	}
	return out, nil
}

// kindOf says what a release would cost: "plain" one request, "attested" two, "" more,
// since its key has expired and a date is needed.
func kindOf(ctx context.Context, address string, expired map[string]bool) (string, error) {
	var release struct {
		Dist struct {
			Signatures   []struct{ KeyID string }
			Attestations *struct{}
		}
	}
	if err := get(ctx, address, &release); err != nil {
		return "", err
	}
	switch {
	case release.Dist.Attestations != nil:
		return "attested", nil
	case len(release.Dist.Signatures) == 1 && !expired[release.Dist.Signatures[0].KeyID]:
		return "plain", nil
	}
	return "", nil
}

// expiredKeys are the keys of the registry that have expired.
func expiredKeys(ctx context.Context, registry string) (map[string]bool, error) {
	var file struct {
		Keys []struct {
			KeyID   string
			Expires *time.Time
		}
	}
	if err := get(ctx, registry+"-/npm/v1/keys", &file); err != nil {
		return nil, err
	}
	expired := map[string]bool{}
	for _, k := range file.Keys {
		expired[k.KeyID] = k.Expires != nil && k.Expires.Before(time.Now())
	}
	return expired, nil
}

func get(ctx context.Context, address string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	return nil
}
