package contract

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/bonafide-app/bonafide/app/sandbox/realdata"
)

// environment names a node_modules folder other than the repository's.
const environment = "BONAFIDE_TEST_NODE_MODULES"

// NodeModules finds the folder that the npm packages of .ci/package.json were
// installed in: $BONAFIDE_TEST_NODE_MODULES, else .ci/node_modules below the
// repository's root. It skips the test, and says what is missing, when there is none.
func NodeModules(t testing.TB) string {
	t.Helper()
	folder := os.Getenv(environment)
	if folder == "" {
		folder = filepath.Join(realdata.Root(t), ".ci", "node_modules")
	}
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("skipped: %s is missing; `npm ci --ignore-scripts` in .ci installs it", folder)
	}
	return folder
}

// ForTest loads the slice of GitHub's description. It skips the test, and says
// what is missing, when the slice has not been made.
func ForTest(t testing.TB) *Validator {
	t.Helper()
	slice := filepath.Join(NodeModules(t), ".bonafide", "github-openapi.json")
	if _, err := os.Stat(slice); err != nil {
		t.Skipf("skipped: %s is missing; `npm ci --ignore-scripts` and `node openapi/slice.mjs` in .ci make it", slice)
	}
	validator, err := Load(slice)
	if err != nil {
		t.Fatal(err)
	}
	return validator
}

// TransportForTest is Transport with every report as a failure of t.
func (v *Validator) TransportForTest(t testing.TB, next http.RoundTripper) http.RoundTripper {
	return v.Transport(next, func(err error) { t.Errorf("GitHub's API description: %v", err) })
}
