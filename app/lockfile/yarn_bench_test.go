package lockfile

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"
	"testing"
)

// generatedYarnV1 is a yarn.lock of yarn 1 with n packages, each of which asks for two
// others, and every third one without any.
func generatedYarnV1(n int) []byte {
	b := bytes.NewBufferString(yarnV1Top)
	for i := range n {
		name := fmt.Sprintf("package-%05d", i)
		fmt.Fprintf(b, "%s@^1.0.0, %s@~1.0.%d:\n  version \"1.0.%d\"\n  resolved \"%s#%040x\"\n  integrity %s\n",
			name, name, i, i, tarball(name, fmt.Sprintf("1.0.%d", i)), i, sri(name))
		if i%3 != 0 {
			fmt.Fprintf(b, "  dependencies:\n    package-%05d \"^1.0.0\"\n    package-%05d \"^1.0.0\"\n", (i+1)%n, (i*7)%n)
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// generatedBerry is the same of a later yarn.
func generatedBerry(n int) []byte {
	b := bytes.NewBufferString(berryTop)
	for i := range n {
		name := fmt.Sprintf("package-%05d", i)
		fmt.Fprintf(b, "\"%s@npm:^1.0.0, %s@npm:~1.0.%d\":\n  version: 1.0.%d\n  resolution: \"%s@npm:1.0.%d\"\n", name, name, i, i, name, i)
		if i%3 != 0 {
			fmt.Fprintf(b, "  dependencies:\n    package-%05d: \"npm:^1.0.0\"\n    other-%05d: \"npm:^1.0.0\"\n", (i+1)%n, (i*7)%n)
		}
		fmt.Fprintf(b, "  checksum: 10c0/%0128x\n  languageName: node\n  linkType: hard\n\n", i)
	}
	return b.Bytes()
}

// largestYarn is the largest yarn.lock of a kind in the corpus.
func largestYarn(b *testing.B, kind string) []byte {
	c := openCorpus(b)
	names, err := fs.Glob(c, kind+"/*/*.yarn.lock")
	if err != nil {
		b.Fatal(err)
	}
	var data []byte
	for _, name := range names {
		if d := c.read(b, name); len(d) > len(data) {
			data = d
		}
	}
	return data
}

func BenchmarkParseYarnV1(b *testing.B) {
	b.Run("real", func(b *testing.B) { benchmarkParse(b, "yarn.lock", largestYarn(b, "yarn-v1")) })
	for _, n := range []int{3_500, 14_000, 57_500} { // up to 20 MB
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchmarkParse(b, "yarn.lock", generatedYarnV1(n)) })
	}
	b.Run("oneLine", func(b *testing.B) {
		benchmarkParse(b, "yarn.lock", []byte(yarnV1Top+"# "+strings.Repeat("x", 20<<20)+"\n\na@^1:\n  version \"1.0.0\"\n  resolved \"https://registry.yarnpkg.com/a/-/a-1.0.0.tgz\"\n"))
	})
}

func BenchmarkParseBerry(b *testing.B) {
	b.Run("real", func(b *testing.B) { benchmarkParse(b, "yarn.lock", largestYarn(b, "yarn-berry")) })
	for _, n := range []int{3_500, 14_000, 57_500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchmarkParse(b, "yarn.lock", generatedBerry(n)) })
	}
}
