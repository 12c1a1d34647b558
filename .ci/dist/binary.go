package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// binary is the program for one platform.
type binary struct {
	platform string // GOOS/GOARCH
	info     *buildinfo.BuildInfo
	data     []byte
}

// compile builds the program in a checkout. What the user's environment could change of it
// is set: the toolchain alone is the user's, and its version is recorded in the program.
func compile(ctx context.Context, tree, out, platform, cache string) (binary, error) {
	goos, goarch, ok := strings.Cut(platform, "/")
	if !ok || goos == "" || goarch == "" {
		return binary{}, fmt.Errorf("%q is no platform: give GOOS/GOARCH", platform)
	}
	name := filepath.Join(out, goos+"-"+goarch, "bonafide")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=true", "-mod=readonly", "-ldflags=-s -w -buildid=", "-o", name, "./cmd/bonafide")
	cmd.Dir, cmd.Stderr = tree, os.Stderr
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0",
		"GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=", "GOEXPERIMENT=", "GOFIPS140=off", "GODEBUG=", "GOWORK=off", "GOENV=off")
	if proxy, err := exec.CommandContext(ctx, "go", "env", "GOPROXY").Output(); err == nil { // GOENV=off forgets it
		cmd.Env = append(cmd.Env, "GOPROXY="+strings.TrimSpace(string(proxy)))
	}
	if cache != "" {
		cmd.Env = append(cmd.Env, "GOCACHE="+cache)
	}
	if err := cmd.Run(); err != nil {
		return binary{}, fmt.Errorf("build for %s: %w", platform, err)
	}
	b := binary{platform: platform}
	var err error
	if b.info, err = buildinfo.ReadFile(name); err != nil {
		return b, err
	}
	if b.version() == "" || strings.HasSuffix(b.version(), "+dirty") {
		return b, fmt.Errorf("the program for %s does not say which commit it is: its version is %q", platform, b.version())
	}
	b.data, err = os.ReadFile(name)
	return b, err
}

// version is what the program says of itself, without the v of the tag.
func (b binary) version() string {
	if b.info.Main.Version == "(devel)" {
		return ""
	}
	return strings.TrimPrefix(b.info.Main.Version, "v")
}
