package report

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func formatsPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func TestThePageOfFormatsListsEveryColumn(t *testing.T) {
	_, page, _ := strings.Cut(formatsPage(t), "\n## CSV\n")
	page, _, _ = strings.Cut(page, "\n## ")
	var listed []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(page, -1) {
		listed = append(listed, m[1])
	}
	if want := csvColumns(); !slices.Equal(listed, want) {
		t.Errorf("%q are listed, %q are written", listed, want)
	}
}

func TestThePageOfFormatsListsEveryProperty(t *testing.T) {
	name := regexp.MustCompile(`bonafide:[a-z:]*[a-z]`)
	written, listed := map[string]bool{}, map[string]bool{}
	for _, r := range samples() {
		for _, m := range regexp.MustCompile(`"name": "(bonafide:[^"]*)"`).FindAllStringSubmatch(string(formatted(t, "cyclonedx", r)), -1) {
			written[m[1]] = true
		}
	}
	_, page, _ := strings.Cut(formatsPage(t), "\n## CycloneDX\n")
	for _, m := range name.FindAllString(page, -1) {
		listed[m] = true
	}
	if a, b := sortedKeys(listed), sortedKeys(written); !slices.Equal(a, b) {
		t.Errorf("%q are listed, %q are written", a, b)
	}
}
