package checks

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/review"
)

const ancestor = "4444444444444444444444444444444444444444"

// tree is a folder of the tests: a name ends in "/" for a folder, in "@" for a
// symlink, in "%" for a submodule.
type tree map[string]any

func (tr tree) id() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(tr)) {
		switch v := tr[name].(type) {
		case tree:
			parts = append(parts, name+v.id())
		case string:
			parts = append(parts, name+gitID([]byte(v), 40))
		}
	}
	return gitID([]byte("tree\n"+strings.Join(parts, "\n")), 40)
}

func (tr tree) list(prefix string, deep bool) (out []string) {
	for _, name := range slices.Sorted(maps.Keys(tr)) {
		path, mode, kind := prefix+strings.TrimRight(name, "/@%"), "100644", "blob"
		switch v := tr[name].(type) {
		case tree:
			out = append(out, fmt.Sprintf(`{"path":%q,"mode":"040000","type":"tree","sha":%q}`, path, v.id()))
			if deep {
				out = append(out, v.list(path+"/", true)...)
			}
		case string:
			id, size := gitID([]byte(v), 40), fmt.Sprintf(`,"size":%d`, len(v))
			switch name[len(name)-1] {
			case '@':
				mode = "120000"
			case '%':
				mode, kind, id, size = "160000", "commit", v, ""
			}
			out = append(out, fmt.Sprintf(`{"path":%q,"mode":%q,"type":%q,"sha":%q%s}`, path, mode, kind, id, size))
		}
	}
	return out
}

// serve makes the hub answer for a tree at a commit and below. A recursive listing
// of more than limit entries is cut, as GitHub does.
func (tr tree) serve(h *hub, repo, commit string, limit int) {
	for _, id := range []string{commit, tr.id()} {
		h.routes["GET /repos/"+repo+"/git/trees/"+id] = func(w http.ResponseWriter, r *http.Request) {
			list, truncated := tr.list("", r.URL.Query().Has("recursive")), false
			if r.URL.Query().Has("recursive") && len(list) > limit {
				list, truncated = list[:limit], true
			}
			fmt.Fprintf(w, `{"sha":%q,"truncated":%v,"tree":[%s]}`, id, truncated, strings.Join(list, ","))
		}
	}
	for name, v := range tr {
		switch v := v.(type) {
		case tree:
			v.serve(h, repo, v.id(), limit)
		case string:
			if strings.HasSuffix(name, "%") {
				continue
			}
			h.routes["GET /repos/"+repo+"/git/blobs/"+gitID([]byte(v), 40)] = func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Accept") != rawMedia {
					_, _ = io.WriteString(w, `{"encoding":"none","content":""}`)
					return
				}
				_, _ = io.WriteString(w, v)
			}
		}
	}
}

func (h *hub) mergeBase(sha string) {
	h.on("GET /repos/acme/web/compare/"+base+"..."+head, fmt.Sprintf(`{"merge_base_commit":{"sha":%q,"commit":{}},"commits":[]}`, sha))
}

func paths(t review.Tree) string {
	var out []string
	for _, e := range t.Entries() {
		out = append(out, e.Path)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func entry(t *testing.T, tr review.Tree, path string) review.TreeEntry {
	t.Helper()
	for _, e := range tr.Entries() {
		if e.Path == path {
			return e
		}
	}
	t.Fatalf("no %s among %s", path, paths(tr))
	return review.TreeEntry{}
}

func TestBothSidesAreReadFromTheMergeBase(t *testing.T) {
	h := newHub(t)
	h.mergeBase(ancestor)
	tree{"package-lock.json": "old", "src/": tree{"a.js": "1"}}.serve(h, "acme/web", ancestor, 100)
	tree{"package-lock.json": "new", "src/": tree{"a.js": "1"}, "lock@": "src/a.js", "vendor%": tip}.serve(h, "acme/web", head, 100)
	b, hd, err := h.forge().Trees(t.Context(), web, base, head)
	if err != nil {
		t.Fatal(err)
	}
	if paths(b) != "package-lock.json src/a.js" || paths(hd) != "lock package-lock.json src/a.js vendor" {
		t.Errorf("base %s, head %s", paths(b), paths(hd))
	}
	for path, want := range map[string]string{"package-lock.json": "new", "lock": "src/a.js"} {
		data, err := hd.Read(t.Context(), entry(t, hd, path))
		if err != nil || string(data) != want {
			t.Errorf("%s: %q, %v", path, data, err)
		}
	}
	if data, err := b.Read(t.Context(), entry(t, b, "package-lock.json")); err != nil || string(data) != "old" {
		t.Errorf("base: %q, %v", data, err)
	}
	if e := entry(t, hd, "lock"); e.Kind != review.Symlink {
		t.Errorf("%+v", e)
	}
	e := entry(t, hd, "vendor")
	if _, err := hd.Read(t.Context(), e); err == nil || e.Kind != review.Submodule || e.Size != -1 {
		t.Errorf("%+v was read: %v", e, err)
	}
}

func TestObjectsAreReadOnce(t *testing.T) {
	h := newHub(t)
	h.mergeBase(ancestor)
	tree{"package-lock.json": "old"}.serve(h, "acme/web", ancestor, 100)
	tree{"package-lock.json": "new"}.serve(h, "acme/web", head, 100)
	f := h.forge()
	for range 3 {
		_, hd, err := f.Trees(t.Context(), web, base, head)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := hd.Read(t.Context(), entry(t, hd, "package-lock.json")); err != nil {
			t.Fatal(err)
		}
	}
	if n := h.made("GET /repos/acme/web/git/"); n != 3 {
		t.Errorf("%d calls", n)
	}
}

func TestHistoriesWithoutACommonAncestorAreComparedDirectly(t *testing.T) {
	h := newHub(t) // the comparison answers 404
	tree{"a": "1"}.serve(h, "acme/web", base, 100)
	tree{"b": "2"}.serve(h, "acme/web", head, 100)
	b, hd, err := h.forge().Trees(t.Context(), web, base, head)
	if err != nil || paths(b) != "a" || paths(hd) != "b" {
		t.Errorf("%v", err)
	}
}

func TestACommitThatIsGoneIsSaidToBe(t *testing.T) {
	h := newHub(t)
	tree{"a": "1"}.serve(h, "acme/web", base, 100)
	if _, _, err := h.forge().Trees(t.Context(), web, base, head); !errors.Is(err, review.ErrGone) {
		t.Errorf("got %v", err)
	}
}

// big is a folder with n folders of n files each.
func big(n int, content string) tree {
	out := tree{}
	for i := range n {
		folder := tree{}
		for j := range n {
			folder[fmt.Sprintf("f%d", j)] = fmt.Sprintf("%s %d %d", content, i, j)
		}
		out[fmt.Sprintf("d%02d/", i)] = folder
	}
	return out
}

func TestATruncatedTreeIsWalkedWhereTheSidesDiffer(t *testing.T) {
	h := newHub(t)
	h.mergeBase(ancestor)
	side := func(lock string) tree {
		return tree{
			"same/": big(20, "same"), "README": "same",
			"apps/": tree{
				"many/": big(20, "many"),
				"shop/": tree{"package-lock.json": lock, "src/": tree{"a.js": "1"}},
			},
		}
	}
	was, is := side("old"), side("new")
	is["added/"] = tree{"package-lock.json": "added"}
	is["swapped"], was["swapped/"] = "now a file", tree{"package-lock.json": "gone"}
	was.serve(h, "acme/web", ancestor, 50)
	is.serve(h, "acme/web", head, 50)

	b, hd, err := h.forge().Trees(t.Context(), web, base, head)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := paths(b), "README apps/shop/package-lock.json apps/shop/src/a.js swapped/package-lock.json"; got != want {
		t.Errorf("base %.300s", got)
	}
	if got, want := paths(hd), "README added/package-lock.json apps/shop/package-lock.json apps/shop/src/a.js swapped"; got != want {
		t.Errorf("head %.300s", got)
	}
	data, err := hd.Read(t.Context(), entry(t, hd, "apps/shop/package-lock.json"))
	if err != nil || string(data) != "new" {
		t.Errorf("%q, %v", data, err)
	}
	if n := h.made("GET /repos/acme/web/git/trees/"); n > 14 {
		t.Errorf("%d listings", n)
	}
}

func TestATreeThatCannotBeReadWholeFailsAndIsNeverAPart(t *testing.T) {
	t.Run("too many folders differ", func(t *testing.T) {
		h := newHub(t)
		h.mergeBase(ancestor)
		// Every folder is too large for a recursive listing, and every one differs.
		wide := func(content string) tree {
			out := tree{}
			for i := range MaxTreeRequests {
				out[fmt.Sprintf("d%03d/", i)] = big(2, fmt.Sprint(content, i))
			}
			return out
		}
		wide("old").serve(h, "acme/web", ancestor, 3)
		wide("new").serve(h, "acme/web", head, 3)
		b, hd, err := h.forge().Trees(t.Context(), web, base, head)
		if err == nil || b != nil || hd != nil || !strings.Contains(err.Error(), "too large") {
			t.Errorf("got %v", err)
		}
		if n := h.made("GET /repos/acme/web/git/trees/"); n > MaxTreeRequests {
			t.Errorf("%d listings", n)
		}
	})
	t.Run("one folder is cut", func(t *testing.T) {
		h := newHub(t)
		h.mergeBase(ancestor)
		h.on("GET /repos/acme/web/git/trees/"+ancestor, fmt.Sprintf(`{"sha":%q,"truncated":true,"tree":[]}`, ancestor))
		tree{"a": "1"}.serve(h, "acme/web", head, 100)
		if b, _, err := h.forge().Trees(t.Context(), web, base, head); err == nil || b != nil {
			t.Errorf("got %v", err)
		}
	})
	for name, listing := range map[string]string{
		"an unknown mode": `{"sha":"x","tree":[{"path":"a","mode":"100000","sha":"` + tip + `"}]}`,
		"an odd id":       `{"sha":"x","tree":[{"path":"a","mode":"100644","sha":"../../x"}]}`,
		"no list":         `{"sha":"x"}`,
		"cut short":       `{"sha":"x","tree":[{"path":"a","mode":"1006`,
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t)
			h.mergeBase(ancestor)
			tree{"a": "1"}.serve(h, "acme/web", ancestor, 100)
			h.on("GET /repos/acme/web/git/trees/"+head, listing)
			if b, _, err := h.forge().Trees(t.Context(), web, base, head); err == nil || b != nil {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestABlobIsReadWholeOrNotAtAll(t *testing.T) {
	content := strings.Repeat("x", 2000)
	id := gitID([]byte(content), 40)
	path := "GET /repos/acme/web/git/blobs/" + id
	read := func(h *hub, size int64, max int64) ([]byte, error) {
		return h.forge().blob(t.Context(), web, id, size, max)
	}
	t.Run("whole", func(t *testing.T) {
		h := newHub(t)
		h.on(path, content)
		for _, size := range []int64{-1, 2000} {
			if data, err := read(h, size, 2000); err != nil || string(data) != content {
				t.Errorf("%d bytes, %v", len(data), err)
			}
		}
	})
	t.Run("over the limit by the tree", func(t *testing.T) {
		h := newHub(t)
		if _, err := read(h, 2000, 1999); !errors.Is(err, review.ErrTooLarge) || h.made("GET") != 0 {
			t.Errorf("%v in %d calls", err, h.made("GET"))
		}
	})
	t.Run("over the limit in truth", func(t *testing.T) {
		h := newHub(t)
		h.on(path, content)
		if data, err := read(h, -1, 1999); !errors.Is(err, review.ErrTooLarge) || data != nil {
			t.Errorf("%d bytes, %v", len(data), err)
		}
	})
	t.Run("over GitHub's 100 MB", func(t *testing.T) {
		h := newHub(t)
		h.routes[path] = func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(403)
			_, _ = io.WriteString(w, `{"message":"This API returns blobs up to 100 MB in size.","errors":[{"resource":"Blob","field":"data","code":"too_large"}]}`)
		}
		if _, err := read(h, -1, 1<<30); !errors.Is(err, review.ErrTooLarge) {
			t.Error(err)
		}
	})
	for name, body := range map[string]string{
		"cut short": content[:1000], "empty": "", "another": "y" + content[1:],
		"JSON without content": `{"encoding":"none","content":"","size":2000000}`,
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t)
			h.on(path, body)
			var later *review.Later
			if data, err := read(h, -1, 1<<20); !errors.As(err, &later) || data != nil {
				t.Errorf("%d bytes, %v", len(data), err)
			}
		})
	}
	t.Run("as JSON, from a server that knows no raw form", func(t *testing.T) {
		h := newHub(t)
		h.routes[path] = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			_, _ = io.WriteString(w, `{"encoding":"base64","content":"`+base64.StdEncoding.EncodeToString([]byte(content))+`"}`)
		}
		if data, err := read(h, -1, 1<<20); err != nil || string(data) != content {
			t.Errorf("%d bytes, %v", len(data), err)
		}
	})
	t.Run("SHA-256", func(t *testing.T) {
		h := newHub(t)
		id := gitID([]byte(content), 64)
		h.on("GET /repos/acme/web/git/blobs/"+id, content)
		if _, err := h.forge().blob(t.Context(), web, id, -1, 1<<20); err != nil {
			t.Error(err)
		}
	})
}

func TestGitIDIsGits(t *testing.T) {
	// printf 'hello\n' | git hash-object --stdin
	if got := gitID([]byte("hello\n"), 40); got != "ce013625030ba8dba906f756967f9e9ca394464a" {
		t.Error(got)
	}
}

func TestWhatIsKeptStaysWithinItsRoom(t *testing.T) {
	c := newLRU[int, string](100)
	for i := range 50 {
		c.put(i, "x", 10)
		c.get(0)
	}
	if _, ok := c.get(0); !ok || c.total > 100 || len(c.items) != 10 || c.order.Len() != 10 {
		t.Errorf("total %d, %d items", c.total, len(c.items))
	}
	c.put(0, "too large", 60)
	if _, ok := c.get(0); ok || c.total != 90 {
		t.Errorf("total %d", c.total)
	}
	if v, ok := c.take(49); !ok || v != "x" || c.total != 80 {
		t.Errorf("%q, total %d", v, c.total)
	}
}
