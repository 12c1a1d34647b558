package audit

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

func TestThePageNamesEveryEventAndField(t *testing.T) {
	page, err := os.ReadFile("../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, kind := range []Kind{
		VerdictPublished, FindingAccepted, AcceptanceRetracted, ButtonClicked, SignedIn, SignedOut, BadgeLinkMade, BadgeLinkRevoked, InstallationDeleted,
		RepositoryDeleted, PackageNews, Lost,
	} {
		names = append(names, string(kind))
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Event]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	for _, name := range names {
		if !strings.Contains(string(page), "\n| `"+name+"` |") {
			t.Errorf("docs/audit.md has no row of %s", name)
		}
	}
	if n := strings.Count(string(page), "\n| `"); n != len(names)+1 { // and the head of the first table
		t.Errorf("docs/audit.md has %d rows, and there are %d events and fields", n-1, len(names))
	}
}
