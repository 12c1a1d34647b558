package main

import (
	"errors"
	"fmt"
	"strings"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	"helm.sh/helm/v3/pkg/releaseutil"
)

// namespace is a name that is not "default", which would hide where it is forgotten.
const namespace = "gates"

// cluster is the oldest that the chart says it runs on.
func cluster() *chartutil.Capabilities {
	c := chartutil.DefaultCapabilities.Copy()
	c.KubeVersion = chartutil.KubeVersion{Version: "v1.30.0", Major: "1", Minor: "30"}
	return c
}

func readValues(file string) (map[string]any, error) {
	values, err := chartutil.ReadValuesFile(file)
	if err != nil {
		return nil, fmt.Errorf("values: %w", err)
	}
	return values, nil
}

// lintStrict is helm lint --strict: warnings are errors.
func lintStrict(dir string, values map[string]any) error {
	var errs []error
	for _, m := range lint.AllWithKubeVersion(dir, values, namespace, &cluster().KubeVersion).Messages {
		if m.Severity >= support.WarningSev {
			errs = append(errs, fmt.Errorf("%s: %w", m.Path, m.Err))
		}
	}
	return errors.Join(errs...)
}

// render gives what helm template prints: manifests in the order of their installation.
func render(dir, release string, values map[string]any) (string, error) {
	files, err := renderFiles(dir, release, values)
	if err != nil {
		return "", err
	}
	for name := range files {
		if strings.HasSuffix(name, "NOTES.txt") {
			delete(files, name)
		}
	}
	hooks, sorted, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	if err != nil {
		return "", fmt.Errorf("manifests: %w", err)
	}
	if len(hooks) > 0 {
		return "", errors.New("the chart has hooks, which are not looked at here")
	}
	var all strings.Builder
	for _, m := range sorted {
		fmt.Fprintf(&all, "---\n# Source: %s\n%s\n", m.Name, m.Content)
	}
	return all.String(), nil
}

// renderFiles renders every template, the notes included.
func renderFiles(dir, release string, values map[string]any) (map[string]string, error) {
	chart, err := loader.Load(dir)
	if err != nil {
		return nil, fmt.Errorf("chart: %w", err)
	}
	c := cluster()
	if !chartutil.IsCompatibleRange(chart.Metadata.KubeVersion, c.KubeVersion.Version) {
		return nil, fmt.Errorf("the chart does not run on %s", c.KubeVersion.Version)
	}
	if err := chartutil.ProcessDependenciesWithMerge(chart, values); err != nil {
		return nil, fmt.Errorf("chart: %w", err)
	}
	top, err := chartutil.ToRenderValues(chart, values, chartutil.ReleaseOptions{Name: release, Namespace: namespace, Revision: 1, IsInstall: true}, c)
	if err != nil {
		return nil, err
	}
	return engine.Render(chart, top)
}
