package main

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
)

// Every format comes of the same verdict, whatever is asked for.
func TestEveryFormatEndsWithTheSameStatus(t *testing.T) {
	s := newShop(t)
	good := s.write("good/package-lock.json", s.lock("tide@1.0.0", "sand@2.0.0"))
	bad := s.write("bad/package-lock.json", s.lock("tide@1.0.1", "sand@2.0.0"))
	begins := map[string]string{
		"json": `"schema": "bonafide.report/v1"`, "sarif": `"version": "2.1.0"`, "markdown": "**", "csv": "purl,change,", "cyclonedx": `"bomFormat": "CycloneDX"`, "summary": "**",
	}
	for format, begin := range begins {
		for _, tt := range []struct {
			args   []string
			status int
		}{
			{[]string{"audit", good}, exitPassed}, {[]string{"diff", good, bad}, exitFailed}, {[]string{"verify", "tide@1.0.0"}, exitPassed}, {[]string{"verify", "ghost@2.0.0"}, exitCouldNotCheck},
		} {
			status, out, stderr := s.run(append(tt.args, "--format", format)...)
			if status != tt.status || !strings.Contains(out, begin) || stderr != "" {
				t.Errorf("%s %v: status %d\n%s%s", format, tt.args, status, out, stderr)
			}
			var err error
			switch format {
			case "csv":
				_, err = csv.NewReader(strings.NewReader(out)).ReadAll()
			case "json", "sarif", "cyclonedx":
				err = json.Unmarshal([]byte(out), new(any))
			}
			if err != nil {
				t.Errorf("%s %v: %v", format, tt.args, err)
			}
		}
	}
	_, out, _ := s.run("audit", good, "--format", "csv", "--without-provenance")
	if strings.Contains(out, "pkg:npm/tide@") || !strings.Contains(out, "pkg:npm/sand@2.0.0,") {
		t.Errorf("not narrowed:\n%s", out)
	}
}
