package registry

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// realistic is a version document of ordinary size.
func realistic(name, version string) string {
	var deps []string
	for i := range 8 {
		deps = append(deps, fmt.Sprintf(`"dependency-%d":"^%d.0.0"`, i, i))
	}
	return fmt.Sprintf(`{"name":%q,"version":%q,"description":"Does what it says.","keywords":["a","b","c"],"license":"MIT","author":{"name":"A. Uthor","email":"a@example.org"},`+
		`"repository":{"type":"git","url":"git+https://github.com/example/%[3]s.git"},"main":"index.js","exports":{".":{"import":"./index.mjs","require":"./index.js"}},`+
		`"scripts":{"test":"node --test","build":"tsc -p .","lint":"eslint ."},"dependencies":{%[4]s},"devDependencies":{%[4]s},"engines":{"node":">=18"},`+
		`"dist":{"integrity":"sha512-%[5]s==","shasum":"%[6]s","tarball":"https://registry.example.org/%[3]s/-/%[3]s-%[7]s.tgz","fileCount":12,"unpackedSize":34567,`+
		`"signatures":[{"keyid":"SHA256:jl3bwswu80PjjokCgh0o2w5c2U4LhQAE57gj9cz1kzA","sig":"%[8]s"}],`+
		`"attestations":{"url":"https://registry.example.org/-/npm/v1/attestations/%[3]s@%[7]s","provenance":{"predicateType":"https://slsa.dev/provenance/v1"}}},`+
		`"_npmUser":{"name":"GitHub Actions","email":"npm-oidc-no-reply@github.com","trustedPublisher":{"id":"github","oidcConfigId":"oidc:00000000-0000-4000-8000-000000000000"}},`+
		`"maintainers":[{"name":"a","email":"a@example.org"},{"name":"b","email":"b@example.org"}],"_npmOperationalInternal":{"host":"s3://npm-registry-packages-npm-production","tmp":"tmp/x_1.0.0"},"_hasShrinkwrap":false}`,
		name, version, name, strings.Join(deps, ","), strings.Repeat("A", 86), strings.Repeat("0", 40), version, base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 71)))
}

// constant answers every request with the same body, and costs nothing itself.
type constant string

func (c constant) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: r, ProtoMajor: 2,
		ContentLength: int64(len(c)), Body: io.NopCloser(strings.NewReader(string(c)))}, nil
}

func benchmarked(b *testing.B, body string) *NPM {
	b.Helper()
	client, err := New(Options{Transport: constant(body)})
	if err != nil {
		b.Fatal(err)
	}
	npm, err := NewNPM(client, "https://npm.example/")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	return npm
}

func BenchmarkRelease(b *testing.B) {
	npm, p := benchmarked(b, realistic("left-pad", "1.3.0")), pkg("left-pad", "1.3.0")
	for b.Loop() {
		if _, err := npm.Release(context.Background(), p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAttestations(b *testing.B) {
	bundle := fmt.Sprintf(`{"predicateType":"https://slsa.dev/provenance/v1","bundle":{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","dsseEnvelope":{"payload":%q}}}`, strings.Repeat("QUJD", 1800))
	npm, p := benchmarked(b, `{"attestations":[`+bundle+","+bundle+`]}`), pkg("left-pad", "1.3.0")
	for b.Loop() {
		if _, err := npm.Attestations(context.Background(), p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHistory(b *testing.B) {
	for _, versions := range []int{100, 3_000, 30_000} {
		b.Run(fmt.Sprint(versions), func(b *testing.B) {
			var doc, times strings.Builder
			doc.WriteString(`{"name":"left-pad","versions":{`)
			for i := range versions {
				if i > 0 {
					doc.WriteByte(',')
					times.WriteByte(',')
				}
				v := fmt.Sprintf("1.%d.0", i)
				fmt.Fprintf(&doc, "%q:%s", v, realistic("left-pad", v))
				fmt.Fprintf(&times, `%q:"2020-%02d-%02dT10:00:00.000Z"`, v, i%12+1, i%28+1)
			}
			fmt.Fprintf(&doc, `},"time":{%s},"readme":%q}`, &times, strings.Repeat("read me ", 1000))
			npm := benchmarked(b, doc.String())
			for b.Loop() {
				if h, err := npm.History(context.Background(), "left-pad"); err != nil || len(h.Releases) != versions {
					b.Fatal(len(h.Releases), err)
				}
			}
		})
	}
}
