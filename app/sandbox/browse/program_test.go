package browse

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// program is the built program, as people run it.
type program struct {
	t    *testing.T
	said *saying
}

// built is the folder that the program is built into, once for all tests.
var built string

var build = sync.OnceValues(func() (string, error) {
	path := filepath.Join(built, "bonafide")
	if out, err := exec.Command("go", "build", "-o", path, "../../../cmd/bonafide").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	var err error
	if built, err = os.MkdirTemp("", "bonafide-browse-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := m.Run()
	_ = os.RemoveAll(built) // the system clears its temporary folder anyway
	os.Exit(status)
}

// run starts the program. It ends with the test.
func run(t *testing.T, dir string, args ...string) *program {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	c := exec.CommandContext(ctx, path, args...)
	c.Dir = dir
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 30 * time.Second
	p := &program{t: t, said: newSaying()}
	c.Stdout, c.Stderr = p.said, p.said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = c.Wait(); p.said.end() }()
	t.Cleanup(func() { cancel(); <-ended })
	return p
}

// until waits for a line that matches and is its first group.
func (p *program) until(pattern string) string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	found, ok := p.said.wait(ctx, re)
	if !ok {
		p.t.Fatalf("the program did not say %s; it said:\n%s", pattern, p.said)
	}
	return found
}

// saying is what a program has written so far.
type saying struct {
	mu    sync.Mutex
	text  strings.Builder
	more  chan struct{} // closed when there is more
	ended bool
}

func newSaying() *saying { return &saying{more: make(chan struct{})} }

func (s *saying) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(b)
	close(s.more)
	s.more = make(chan struct{})
	return len(b), nil
}

func (s *saying) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	close(s.more)
	s.more = make(chan struct{})
}

func (s *saying) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (s *saying) wait(ctx context.Context, re *regexp.Regexp) (string, bool) {
	for {
		s.mu.Lock()
		text, more, ended := s.text.String(), s.more, s.ended
		s.mu.Unlock()
		lines := bufio.NewScanner(strings.NewReader(text))
		for lines.Scan() {
			if m := re.FindStringSubmatch(lines.Text()); m != nil {
				return m[len(m)-1], true
			}
		}
		if ended {
			return "", false
		}
		select {
		case <-more:
		case <-ctx.Done():
			return "", false
		}
	}
}

var _ io.Writer = (*saying)(nil)
