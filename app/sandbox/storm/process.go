package storm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// process is one server, which is killed and started again. Its log is one file over
// all its lives.
type process struct {
	program string
	args    []string
	env     []string
	address string // "127.0.0.1:1234"
	log     *os.File

	mu   sync.Mutex // guards all below
	cmd  *exec.Cmd
	gone chan struct{} // closed once cmd has ended
	err  error         // of Wait
}

// freeAddress is a port of this machine that nobody listens on.
func freeAddress(ctx context.Context) (string, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// start starts the server. It outlives ctx: only a signal ends it.
func (p *process) start(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	cmd := exec.CommandContext(context.WithoutCancel(ctx), p.program, p.args...)
	cmd.Env, cmd.Stderr, cmd.Stdout = p.env, p.log, p.log
	if err := cmd.Start(); err != nil {
		return err
	}
	gone := make(chan struct{})
	p.cmd, p.gone = cmd, gone
	go func() {
		err := cmd.Wait()
		p.mu.Lock()
		p.err = err
		p.mu.Unlock()
		close(gone)
	}()
	return nil
}

// ready waits until the server takes deliveries. It fails where the server ends.
func (p *process) ready(ctx context.Context) error {
	p.mu.Lock()
	gone := p.gone
	p.mu.Unlock()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if p.answers(ctx) {
			return nil
		}
		select {
		case <-tick.C:
		case <-gone:
			return fmt.Errorf("the server at %s ended by itself: %w (its log: %s)", p.address, p.err, p.log.Name())
		case <-ctx.Done():
			return fmt.Errorf("the server at %s does not become ready: %w (its log: %s)", p.address, ctx.Err(), p.log.Name())
		}
	}
}

func (p *process) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.address+"/readyz", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, resp.Body) // only the status counts
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// signal sends a signal, and with SIGKILL and SIGTERM waits for the end.
func (p *process) signal(s syscall.Signal) error {
	p.mu.Lock()
	cmd, gone := p.cmd, p.gone
	p.mu.Unlock()
	if cmd == nil {
		return nil
	}
	if err := cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	if s == syscall.SIGKILL || s == syscall.SIGTERM {
		<-gone
	}
	return nil
}

// running says whether the process has not ended.
func (p *process) running() bool {
	p.mu.Lock()
	gone := p.gone
	p.mu.Unlock()
	if gone == nil {
		return false
	}
	select {
	case <-gone:
		return false
	default:
		return true
	}
}
