package enginetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// patience is how long a server may take to begin or to end.
	patience = time.Minute
	poll     = 10 * time.Millisecond
)

// Server is a PostgreSQL on a loopback port, with its files in a temporary folder. It
// can be stopped and started again at the same address with what it stored. It ends
// and its files go with Close, or with this process, however that ends.
type Server struct {
	dir      string // "" after Close
	programs string
	port     int
	settings []string
	as       *syscall.SysProcAttr
	running  *exec.Cmd      // nil while it is stopped
	keeper   io.WriteCloser // closed: the keeper ends the server and deletes its files
	kept     *exec.Cmd
}

// Programs is the folder of PostgreSQL's programs, the newest where there are several;
// "" where there is none.
func Programs() string {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path)
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return ""
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }))
}

// StartServer is NewServer for one test, which is skipped where the machine has no
// PostgreSQL.
func StartServer(t testing.TB, settings ...string) *Server {
	t.Helper()
	if Programs() == "" {
		t.Skip("skipped: no PostgreSQL on this machine (initdb)")
	}
	s, err := NewServer(settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// NewServer makes a server and starts it. Settings are those of postgresql.conf:
// "fsync=off".
func NewServer(settings ...string) (*Server, error) {
	s := &Server{programs: Programs(), settings: settings, as: &syscall.SysProcAttr{Setpgid: true}}
	if s.programs == "" {
		return nil, errors.New("no PostgreSQL (initdb) is on this machine")
	}
	var err error
	if s.dir, err = os.MkdirTemp("", "bonafide-postgres-"); err != nil {
		return nil, err
	}
	if err := s.keep(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.Start(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// keep starts what ends the server with this process: its input ends when the process
// does.
func (s *Server) keep() error {
	s.kept = exec.CommandContext(context.Background(), "/bin/sh", "-c", `cat >/dev/null
		if pid=$(head -n 1 "$0/data/postmaster.pid" 2>/dev/null); then
			kill -QUIT "$pid"
			while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
		fi
		rm -rf "$0"`, s.dir)
	s.kept.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt from the terminal is not for it
	var err error
	if s.keeper, err = s.kept.StdinPipe(); err != nil {
		return err
	}
	return s.kept.Start()
}

// prepare makes the server's files, as another user where this one is root: PostgreSQL
// refuses to be.
func (s *Server) prepare() error {
	if os.Geteuid() == 0 {
		nobody, err := user.Lookup("nobody")
		if err != nil {
			return err
		}
		uid, uidErr := strconv.ParseUint(nobody.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(nobody.Gid, 10, 32)
		if err := errors.Join(uidErr, gidErr, os.Chown(s.dir, int(uid), int(gid))); err != nil {
			return err
		}
		s.as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	initdb := s.command("initdb", "-D", filepath.Join(s.dir, "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	free, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.port = free.Addr().(*net.TCPAddr).Port
	return free.Close()
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), filepath.Join(s.programs, name), args...)
	cmd.Dir, cmd.SysProcAttr = s.dir, s.as
	return cmd
}

// URL is the address of the server's own database.
func (s *Server) URL() string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", s.port)
}

// Port is where it listens, on 127.0.0.1.
func (s *Server) Port() int { return s.port }

// Database gives the address of a new, empty database, which goes when the test ends.
func (s *Server) Database(t testing.TB) string { t.Helper(); return fresh(t, s.URL()) }

// Start starts the server and returns when it answers.
func (s *Server) Start() error {
	if s.running != nil {
		return errors.New("the server is running")
	}
	args := []string{
		"-D", filepath.Join(s.dir, "data"), "-p", strconv.Itoa(s.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=" + s.dir,
	}
	for _, setting := range s.settings {
		args = append(args, "-c", setting)
	}
	cmd := s.command("postgres", args...)
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the server has its own
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	s.running = cmd
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.URL())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			said, _ := os.ReadFile(log.Name())
			return fmt.Errorf("PostgreSQL does not answer: %w\n%s", err, said)
		}
	}
}

// Stop ends the server and every connection to it, as an operator who restarts it
// would ("fast").
func (s *Server) Stop() error { return s.end(syscall.SIGINT) }

// Kill ends the server as a crash would.
func (s *Server) Kill() error { return s.end(syscall.SIGQUIT) }

func (s *Server) end(with syscall.Signal) error {
	if s.running == nil {
		return errors.New("the server is not running")
	}
	if err := s.running.Process.Signal(with); err != nil {
		return err
	}
	err := s.running.Wait()
	s.running = nil
	var status *exec.ExitError
	if errors.As(err, &status) { // how it ended does not matter
		return nil
	}
	return err
}

// Restart is Stop and Start.
func (s *Server) Restart() error { return errors.Join(s.Stop(), s.Start()) }

// Close ends the server and deletes its files.
func (s *Server) Close() error {
	var errs []error
	if s.running != nil {
		errs = append(errs, s.Kill())
	}
	errs = append(errs, s.keeper.Close(), s.kept.Wait())
	return errors.Join(errs...)
}
