package forge

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// errNoObject says that git has no such object, or none of the kind asked for.
var errNoObject = errors.New("no such git object")

// identity stands in every commit, so that the same calls give the same SHAs.
const (
	identityName  = "Sandbox"
	identityEmail = "sandbox@example.com"
)

// git is one bare repository. A repository and its forks share one, as they share
// objects at GitHub: the root's branches are refs/heads/*, those of fork N are
// refs/forks/N/heads/*.
type git struct {
	program string
	dir     string
}

// findGit looks git up once.
func findGit() (string, error) {
	program, err := exec.LookPath("git")
	if err != nil {
		return "", fmt.Errorf("the sandbox GitHub needs git (2.38 or newer), which is not on PATH: install it and try again: %w", err)
	}
	return program, nil
}

func initGit(ctx context.Context, program, dir string) (*git, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	g := &git{program, dir}
	_, err := g.run(ctx, nil, "init", "--quiet", "--bare", "--template=", "--initial-branch=main", dir)
	return g, err
}

// run starts git apart from the user's configuration, hooks and terminal.
func (g *git) run(ctx context.Context, stdin io.Reader, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, g.program, args...)
	cmd.Dir = g.dir
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "GIT_") || strings.HasPrefix(v, "HOME=") || strings.HasPrefix(v, "XDG_CONFIG_HOME=") || strings.HasPrefix(v, "LC_")
	})
	cmd.Env = append(cmd.Env, "GIT_DIR="+g.dir, "HOME="+g.dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull,
		"GIT_TERMINAL_PROMPT=0", "GIT_NO_REPLACE_OBJECTS=1", "GIT_LITERAL_PATHSPECS=1", "LC_ALL=C")
	cmd.Stdin = stdin
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return out, fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
}

// line runs git and returns the one line that it prints.
func (g *git) line(ctx context.Context, args ...string) (string, error) {
	out, err := g.run(ctx, nil, args...)
	return strings.TrimSpace(string(out)), err
}

// failed says whether git ran and answered with a failure, as opposed to not
// having run at all.
func failed(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit)
}

// resolve finds the commit that a revision of our own making names.
func (g *git) resolve(ctx context.Context, revision string) (string, error) {
	sha, err := g.line(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}")
	if err != nil && failed(err) {
		return "", errNoObject
	}
	return sha, err
}

func (g *git) updateRef(ctx context.Context, ref, sha string) error {
	_, err := g.run(ctx, nil, "update-ref", ref, sha)
	return err
}

func (g *git) deleteRef(ctx context.Context, ref string) error {
	_, err := g.run(ctx, nil, "update-ref", "-d", ref)
	return err
}

// ref is one line of for-each-ref.
type ref struct{ name, sha string }

func (g *git) refs(ctx context.Context, prefix string) ([]ref, error) {
	out, err := g.run(ctx, nil, "for-each-ref", "--format=%(objectname) %(refname)", prefix)
	if err != nil {
		return nil, err
	}
	var refs []ref
	for line := range strings.Lines(string(out)) {
		sha, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		refs = append(refs, ref{name, sha})
	}
	return refs, nil
}

// gitObject is what cat-file says of an object.
type gitObject struct {
	sha, kind string
	size      int64
	data      []byte
}

// read returns one object whole. Above limit the data stays nil.
func (g *git) read(ctx context.Context, sha string, limit int64) (gitObject, error) {
	out, err := g.run(ctx, strings.NewReader(sha+"\n"), "cat-file", "--batch-check")
	if err != nil {
		return gitObject{}, err
	}
	o, err := parseObject(string(out))
	if err != nil || o.size > limit {
		return o, err
	}
	o.data, err = g.run(ctx, nil, "cat-file", o.kind, o.sha)
	return o, err
}

func parseObject(line string) (gitObject, error) {
	fields := strings.Fields(line)
	if len(fields) != 3 {
		return gitObject{}, errNoObject
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	return gitObject{sha: fields[0], kind: fields[1], size: size}, err
}

// commit is a commit object, read.
type commit struct {
	sha, tree, message string
	parents            []string
	author, committer  signature
}

type signature struct {
	name, email string
	at          time.Time
}

// commits reads commits in the order asked for, in one go.
func (g *git) commits(ctx context.Context, shas ...string) ([]commit, error) {
	if len(shas) == 0 {
		return nil, nil
	}
	out, err := g.run(ctx, strings.NewReader(strings.Join(shas, "\n")+"\n"), "cat-file", "--batch")
	if err != nil {
		return nil, err
	}
	in := bufio.NewReader(bytes.NewReader(out))
	commits := make([]commit, 0, len(shas))
	for range shas {
		header, err := in.ReadString('\n')
		if err != nil {
			return nil, fmt.Errorf("git cat-file: %w", err)
		}
		o, err := parseObject(header)
		if err != nil {
			return nil, err
		}
		data := make([]byte, o.size+1)
		if _, err := io.ReadFull(in, data); err != nil {
			return nil, fmt.Errorf("git cat-file: %w", err)
		}
		if o.kind != "commit" {
			return nil, errNoObject
		}
		commits = append(commits, parseCommit(o.sha, string(data[:o.size])))
	}
	return commits, nil
}

func parseCommit(sha, text string) commit {
	header, message, _ := strings.Cut(text, "\n\n")
	c := commit{sha: sha, message: strings.TrimSuffix(message, "\n")}
	for line := range strings.Lines(header) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch key {
		case "tree":
			c.tree = value
		case "parent":
			c.parents = append(c.parents, value)
		case "author":
			c.author = parseSignature(value)
		case "committer":
			c.committer = parseSignature(value)
		}
	}
	return c
}

func parseSignature(line string) signature {
	name, rest, _ := strings.Cut(line, " <")
	email, date, _ := strings.Cut(rest, "> ")
	seconds, _, _ := strings.Cut(date, " ")
	unix, _ := strconv.ParseInt(seconds, 10, 64) // git wrote it
	return signature{name, email, time.Unix(unix, 0).UTC()}
}

// treeEntry is one line of ls-tree.
type treeEntry struct {
	mode, kind, sha, path string
	size                  int64 // -1 unless a blob
}

// tree lists a tree, or the tree of a commit; with its subtrees and theirs if recursive.
func (g *git) tree(ctx context.Context, sha string, recursive bool, paths ...string) ([]treeEntry, error) {
	args := []string{"ls-tree", "-z", "-l", "--full-tree"}
	if recursive {
		args = append(args, "-r", "-t")
	}
	args = append(append(args, sha, "--"), paths...)
	out, err := g.run(ctx, nil, args...)
	if err != nil {
		if failed(err) {
			return nil, errNoObject
		}
		return nil, err
	}
	var entries []treeEntry
	for line := range strings.SplitSeq(string(out), "\x00") {
		facts, path, ok := strings.Cut(line, "\t")
		fields := strings.Fields(facts)
		if !ok || len(fields) != 4 {
			continue
		}
		size := int64(-1)
		if fields[3] != "-" {
			if size, err = strconv.ParseInt(fields[3], 10, 64); err != nil {
				return nil, fmt.Errorf("git ls-tree: %w", err)
			}
		}
		entries = append(entries, treeEntry{fields[0], fields[1], fields[2], path, size})
	}
	return entries, nil
}

// mergeBase is the best common ancestor, "" if there is none.
func (g *git) mergeBase(ctx context.Context, a, b string) (string, error) {
	base, err := g.line(ctx, "merge-base", a, b)
	if err != nil && failed(err) {
		return "", nil
	}
	return base, err
}

// between lists the commits that to has and from has not, oldest first.
func (g *git) between(ctx context.Context, from, to string) ([]string, error) {
	out, err := g.run(ctx, nil, "rev-list", "--reverse", "--topo-order", from+".."+to)
	return strings.Fields(string(out)), err
}

// merge writes the merge of two commits and returns it.
func (g *git) merge(ctx context.Context, ours, theirs, message string, at time.Time) (string, error) {
	tree, err := g.line(ctx, "merge-tree", "--write-tree", "--no-messages", ours, theirs)
	if err != nil {
		return "", fmt.Errorf("the commits do not merge (this needs git 2.38 or newer): %w", err)
	}
	raw := fmt.Sprintf("tree %s\nparent %s\nparent %s\nauthor %s\ncommitter %s\n\n%s\n", tree, ours, theirs, stamp(at), stamp(at), message)
	out, err := g.run(ctx, strings.NewReader(raw), "hash-object", "-t", "commit", "-w", "--stdin")
	return strings.TrimSpace(string(out)), err
}

func stamp(at time.Time) string {
	return fmt.Sprintf("%s <%s> %d +0000", identityName, identityEmail, at.Unix())
}

// write makes a commit of files on top of parent ("" for none) and returns it. No
// branch moves.
func (g *git) write(ctx context.Context, parent, message string, files Files, at time.Time) (string, error) {
	const scratch = "refs/sandbox/new"
	var in bytes.Buffer
	fmt.Fprintf(&in, "commit %s\nmark :1\nauthor %s\ncommitter %s\ndata %d\n%s\n", scratch, stamp(at), stamp(at), len(message), message)
	if parent != "" {
		fmt.Fprintf(&in, "from %s\n", parent)
	}
	paths := make([]string, 0, len(files))
	for path := range files {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths { // first, so that a file can take a folder's place
		if files[path].mode == modeDeleted {
			fmt.Fprintf(&in, "D %s\n", quote(path))
		}
	}
	for _, path := range paths {
		switch file := files[path]; file.mode {
		case modeDeleted:
		case modeSubmodule:
			fmt.Fprintf(&in, "M %s %s %s\n", file.mode, file.content, quote(path))
		default:
			fmt.Fprintf(&in, "M %s inline %s\ndata %d\n", file.mode, quote(path), len(file.content))
			in.Write(file.content)
			in.WriteByte('\n')
		}
	}
	in.WriteString("\nget-mark :1\ndone\n")
	out, err := g.run(ctx, &in, "fast-import", "--quiet", "--force", "--done")
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(out)), g.deleteRef(ctx, scratch)
}

// quote writes a path as fast-import reads it whatever its bytes are.
func quote(path string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(path) {
		switch c := path[i]; c {
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case '\n':
			b.WriteString(`\n`)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
