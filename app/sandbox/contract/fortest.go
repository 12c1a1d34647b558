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
	folder := nodeModules(t)
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("skipped: %s is missing; `npm ci --ignore-scripts` in .ci installs it", folder)
	}
	return folder
}

func nodeModules(t testing.TB) string {
	t.Helper()
	if folder := os.Getenv(environment); folder != "" {
		return folder
	}
	return filepath.Join(realdata.Root(t), ".ci", "node_modules")
}

// ForTest loads the slice of GitHub's description. It skips the test, and says
// what is missing, when the slice has not been made.
func ForTest(t testing.TB) *Validator {
	t.Helper()
	v := IfThere(t)
	if v == nil {
		t.Skipf("skipped: GitHub's API description is missing below %s; `npm ci --ignore-scripts` and `node openapi/slice.mjs` in .ci make it", nodeModules(t))
	}
	return v
}

// IfThere loads the slice of GitHub's description, nil where it has not been made:
// for tests that have something to say without it too.
func IfThere(t testing.TB) *Validator {
	t.Helper()
	slice := filepath.Join(nodeModules(t), ".bonafide", "github-openapi.json")
	if _, err := os.Stat(slice); err != nil {
		return nil
	}
	v, err := Load(slice)
	if err != nil {
		t.Fatal(err)
	}
	if schema := schemaFile(t); there(schema) {
		v.graphQL = LoadSchema(schema)
	}
	return v
}

// GraphQLForTest is GitHub's GraphQL schema. It skips the test, and says what is missing,
// where it is not installed.
func GraphQLForTest(t testing.TB) *Schema {
	t.Helper()
	schema := schemaFile(t)
	if !there(schema) {
		t.Skipf("skipped: %s is missing; `npm ci --ignore-scripts` in .ci installs it", schema)
	}
	return LoadSchema(schema)
}

func schemaFile(t testing.TB) string {
	t.Helper()
	return filepath.Join(nodeModules(t), "@octokit", "graphql-schema", "schema.graphql")
}

func there(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// TransportForTest is Transport with every report as a failure of t.
func (v *Validator) TransportForTest(t testing.TB, next http.RoundTripper) http.RoundTripper {
	return v.Transport(next, func(err error) { t.Errorf("GitHub's API description: %v", err) })
}
