// Package deploy holds what is in deploy/ against the parsers of the programs that read it.
package deploy

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

var pinned = regexp.MustCompile(`^[a-z0-9./-]+:[a-zA-Z0-9._-]+@sha256:[0-9a-f]{64}$`)

// bases stand in for the images that are built upon: no registry is asked.
type bases struct{}

func (bases) ResolveImageConfig(_ context.Context, ref string, o sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	config := fmt.Appendf(nil, `{"os":%q,"architecture":%q}`, o.ImageOpt.Platform.OS, o.ImageOpt.Platform.Architecture)
	return ref, digest.FromBytes(config), config, nil
}

// faults are what the builder itself says of a Dockerfile before it begins, and what is
// asked of ours beyond that.
func faults(t *testing.T, file []byte) (out []string) {
	t.Helper()
	for _, arch := range []string{"amd64", "arm64"} {
		built, err := dockerfile2llb.Dockerfile2LLB(t.Context(), file, dockerfile2llb.ConvertOpt{
			Config:         dockerui.Config{BuildPlatforms: []ocispecs.Platform{{OS: "linux", Architecture: "amd64"}}},
			TargetPlatform: &ocispecs.Platform{OS: "linux", Architecture: arch},
			MetaResolver:   bases{},
			AllStages:      true,
			Warn: func(rule, _, _, detail string, _ []parser.Range) {
				out = append(out, rule+": "+detail)
			},
		})
		if err != nil {
			return append(out, err.Error())
		}
		image := built.Image.Config
		if built.Image.Architecture != arch {
			out = append(out, "it is for "+built.Image.Architecture)
		}
		if image.User != "65532:65532" {
			out = append(out, "it runs as "+image.User)
		}
		if image.Healthcheck == nil || !slices.Equal(image.Healthcheck.Test, []string{"CMD", "/bonafide", "healthcheck"}) {
			out = append(out, "its health is not asked for")
		}
		if !slices.Equal(image.Entrypoint, []string{"/bonafide"}) || !slices.Equal(image.Cmd, []string{"serve"}) {
			out = append(out, fmt.Sprintf("it starts %q %q", image.Entrypoint, image.Cmd))
		}
		if _, ok := image.ExposedPorts["8080/tcp"]; !ok || len(image.ExposedPorts) != 1 {
			out = append(out, fmt.Sprintf("its ports are %v", image.ExposedPorts))
		}
		for _, label := range []string{"source", "licenses", "revision", "version"} {
			if _, ok := image.Labels["org.opencontainers.image."+label]; !ok {
				out = append(out, "it has no label "+label)
			}
		}
	}
	tree, err := parser.Parse(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	stages, _, err := instructions.Parse(tree.AST, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stages {
		if !pinned.MatchString(s.BaseName) {
			out = append(out, s.BaseName+" is not pinned by digest")
		}
		for _, c := range s.Commands {
			if c, ok := c.(*instructions.CopyCommand); ok && c.From != "" && !staged(stages, c.From) {
				out = append(out, c.From+" is no stage")
			}
		}
	}
	return out
}

func staged(stages []instructions.Stage, name string) bool {
	_, ok := instructions.HasStage(stages, name)
	return ok
}

func dockerfile(t *testing.T) []byte {
	t.Helper()
	file, err := os.ReadFile("../../deploy/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestDockerfile(t *testing.T) {
	file := dockerfile(t)
	if found := faults(t, file); len(found) > 0 {
		t.Error(strings.Join(found, "\n"))
	}
	for _, flag := range []string{"CGO_ENABLED=0", "-trimpath", "-ldflags='-s -w -buildid='", "GOARCH=$TARGETARCH", "-buildvcs=true", "go version -m /bonafide | grep vcs."} {
		if !bytes.Contains(file, []byte(flag)) {
			t.Errorf("it does not build with %s", flag)
		}
	}
}

// What is broken is found: else that nothing was found says nothing.
func TestFaultsOfADockerfileAreFound(t *testing.T) {
	for _, tt := range []struct{ from, to, want string }{
		{"--from=build ", "--from=biuld ", "biuld is no stage"},
		{"EXPOSE 8080", "EXPOSSE 8080", "unknown instruction"},
		{"WORKDIR /src", "WORKDIR src", "WorkdirRelativePath"},
		{" AS build", " as build", "FromAsCasing"},
		{`"serve"]`, `serve]`, "JSONArgsRecommended"},
		{"ARG REVISION\n", "", "UndefinedVar"},
		{"ENV BONAFIDE_LISTEN", "ENV BONAFIDE_CLIENT_SECRET=x BONAFIDE_LISTEN", "SecretsUsedInArgOrEnv"},
		{"USER 65532:65532\n", "", "it runs as"},
		{"EXPOSE 8080", "EXPOSE 8080 9464", "its ports are"},
		{"HEALTHCHECK --interval=30s", "HEALTHCHECK --intervall=30s", "unknown flag"},
		{"golang:1.26.8-bookworm@sha256:a688600ca24f8a4d3ca77f95b0dd40704a9fc787c826660eb7ba0b641b8b175d", "golang:1.26.8-bookworm", "not pinned"},
	} {
		file := dockerfile(t)
		if !bytes.Contains(file, []byte(tt.from)) {
			t.Errorf("there is no %q to break", tt.from)
			continue
		}
		found := strings.Join(faults(t, bytes.Replace(file, []byte(tt.from), []byte(tt.to), 1)), "\n")
		if !regexp.MustCompile(tt.want).MatchString(found) {
			t.Errorf("%q: found is %q", tt.to, found)
		}
	}
}
