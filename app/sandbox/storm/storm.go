package storm

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/bonafide-app/bonafide/app/sandbox"
)

// Options of a storm.
type Options struct {
	Program  string   // of the server, `bonafide`
	Flags    []string // further ones of `bonafide serve`
	Dir      string   // for git, keys and logs
	Database string   // of --database
	Servers  int      // at the same database
	// Restart restarts the database; nil where it has no server of its own.
	Restart func(context.Context) error

	Seed  uint64
	Pulls int
	Kills int
	Calm  time.Duration // at most, after it, until everything has ended
	// Lose has deliveries lost. Without it nothing but a kill loses any, and GitHub
	// delivers again by itself, which the real one does not.
	Lose bool
	// Relax has policies changed while pull requests are open.
	Relax bool

	Log func(format string, args ...any)
}

// Result is what came of a storm.
type Result struct {
	Pulls, Kills, Faults int
	Lost, Wrong, Doubled int      // pull requests
	Flaws                []string // what is wrong with them, and what happened to them
}

// String is the line that a run of CI shows.
func (r Result) String() string {
	return fmt.Sprintf("pull_requests=%d kills=%d faults=%d lost=%d wrong=%d doubled=%d", r.Pulls, r.Kills, r.Faults, r.Lost, r.Wrong, r.Doubled)
}

// What else happens beside the kills.
const (
	restarts = 2 // of the database
	freezes  = 4 // of a server that is not killed: it wakes up late

	// A kill comes at a request, or, where the servers have nothing to do, after idleKill.
	fewestRequests, mostRequests = 10, 400
	idleKill                     = 3 * time.Second
	// courierRest is how long deliveries are collected at most, to be shuffled.
	courierRest = 800 * time.Millisecond
	// quiet is how long nothing may have been written when the storm is over.
	quiet = 3 * time.Second
)

// Run raises a storm and judges what is left. ctx bounds it, the calm after it included.
func Run(ctx context.Context, o Options) (_ Result, err error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return Result{}, err
	}
	world, err := sandbox.New(ctx, o.Dir, "")
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, world.Close()) }()
	plan := NewPlan(o.Seed, o.Pulls, o.Relax)
	w := newWeather(o.Seed, o.Lose)
	f, err := newFleet(ctx, o, world)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	if err := errors.Join(f.start(ctx), world.GitHub.SetWebhookURL(f.hook)); err != nil {
		return Result{}, err
	}
	s, err := newStage(ctx, world, plan)
	if err != nil {
		return Result{}, fmt.Errorf("the stage of the storm: %w", err)
	}
	world.NPM.Mend("")
	t := &tempest{Options: o, plan: plan, weather: w, stage: s, fleet: f, draw: rand.New(rand.NewPCG(o.Seed, 3)), began: time.Now()}
	if err := t.rage(ctx); err != nil {
		return Result{}, err
	}
	return t.calm(ctx)
}

// tempest is a storm while it goes on.
type tempest struct {
	Options
	plan    Plan
	weather *weather
	stage   *stage
	fleet   *fleet
	draw    *rand.Rand
	kills   int
	began   time.Time
}

// rage lets people act while everything fails.
func (t *tempest) rage(ctx context.Context) error {
	github, npm := t.stage.world.GitHub, t.stage.world.NPM
	github.SetFate(t.weather.fate)
	github.SetFault(t.weather.github)
	npm.SetWeather(t.weather.registry)

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	shares := make(chan []Step)
	acted, delivered := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(acted)
		for share := range shares {
			for _, step := range share {
				if err := t.stage.act(ctx, step); err != nil {
					cancel(err)
					return
				}
			}
		}
	}()
	couriers, dismiss := context.WithCancel(ctx)
	defer dismiss()
	go func() { defer close(delivered); t.deliver(couriers) }()

	err := t.killing(ctx, shares)
	close(shares)
	<-acted
	dismiss()
	<-delivered
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// deliver is the courier: it collects deliveries and brings them in any order.
func (t *tempest) deliver(ctx context.Context) {
	for {
		rest := time.NewTimer(time.Duration(1 + t.weather.intn(int(courierRest))))
		select {
		case <-rest.C:
		case <-ctx.Done():
			rest.Stop()
			return
		}
		_ = t.stage.world.GitHub.Deliver(ctx, t.weather.shuffle) // fails with ctx alone
	}
}

// killing gives out the steps, a share before each kill, and kills.
func (t *tempest) killing(ctx context.Context, shares chan<- []Step) error {
	steps, epochs := t.plan.Steps, t.Kills+1
	frozen, restarted := t.drawn(freezes, epochs), t.drawn(restarts, epochs)
	if t.Restart == nil {
		restarted = nil
	}
	for epoch := range epochs {
		share := steps[epoch*len(steps)/epochs : (epoch+1)*len(steps)/epochs]
		select {
		case shares <- share:
		case <-ctx.Done():
			return ctx.Err()
		}
		if epoch == t.Kills {
			return nil
		}
		if slices.Contains(restarted, epoch) {
			if err := t.Restart(ctx); err != nil {
				return fmt.Errorf("restart the database: %w", err)
			}
		}
		victim := t.fleet.processes[t.draw.IntN(len(t.fleet.processes))]
		if slices.Contains(frozen, epoch) {
			if err := t.freeze(ctx, victim); err != nil {
				return err
			}
		}
		if err := t.kill(ctx, victim); err != nil {
			return err
		}
		t.kills++
		if err := t.fleet.start(ctx); err != nil {
			return err
		}
	}
	return nil
}

// drawn draws some of n epochs, not the first ones.
func (t *tempest) drawn(some, n int) []int {
	var out []int
	for range min(some, n-1) {
		out = append(out, 1+t.draw.IntN(n-1))
	}
	return out
}

// kill ends a server at a request that it makes.
func (t *tempest) kill(ctx context.Context, p *process) error {
	dead := make(chan error, 1)
	t.weather.fuse.light(fewestRequests+t.draw.IntN(mostRequests), func() { dead <- p.signal(syscall.SIGKILL) })
	idle := time.NewTimer(idleKill)
	defer idle.Stop()
	select {
	case err := <-dead:
		return err
	case <-idle.C:
		t.weather.fuse.light(0, nil)
		select {
		case err := <-dead: // at the last moment
			return err
		default:
		}
		return p.signal(syscall.SIGKILL)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// freeze stops a server for a while. It wakes up in the middle of what it did.
func (t *tempest) freeze(ctx context.Context, p *process) error {
	if err := p.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	thaw := time.NewTimer(time.Second + time.Duration(t.draw.IntN(int(4*time.Second))))
	defer thaw.Stop()
	select {
	case <-thaw.C:
	case <-ctx.Done():
	}
	t.weather.count.Add(1)
	return p.signal(syscall.SIGCONT)
}

// calm ends everything that goes wrong, waits until every pull request has its verdict
// and nothing is written any more, and judges.
func (t *tempest) calm(ctx context.Context) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, t.Calm)
	defer cancel()
	github := t.stage.world.GitHub
	t.weather.clear()
	github.SetFate(nil)
	github.SetFault(nil)
	t.stage.world.NPM.SetWeather(nil)
	if err := t.fleet.start(ctx); err != nil {
		return Result{}, err
	}
	if err := github.Deliver(ctx, nil); err != nil {
		return Result{}, err
	}
	if !t.Lose {
		if err := t.redeliver(ctx); err != nil {
			return Result{}, err
		}
	}
	t.Log("storm: over after %v", time.Since(t.began).Round(time.Second))
	began := time.Now()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	var flaws []flaw
	told := began
	for {
		flaws = t.stage.judge()
		if time.Since(told) > 15*time.Second {
			told = time.Now()
			t.Log("storm: %v after it there are %d flaws, such as %v", time.Since(began).Round(time.Second), len(flaws), flaws[:min(len(flaws), 3)])
		}
		if len(flaws) == 0 && t.quiet() {
			t.Log("storm: everything had ended %v after the storm", time.Since(began).Round(time.Second))
			break
		}
		select {
		case <-tick.C:
			continue
		case <-ctx.Done():
		}
		break
	}
	return t.result(flaws), nil
}

// redeliver sends again what no server took, as an owner of the App can by hand.
func (t *tempest) redeliver(ctx context.Context) error {
	taken, told := map[string]bool{}, map[string]bool{}
	log := t.stage.world.GitHub.Deliveries()
	for _, d := range log {
		taken[d.GUID] = taken[d.GUID] || d.Status == "OK"
	}
	for _, d := range log {
		if !taken[d.GUID] && !told[d.GUID] {
			told[d.GUID] = true
			if err := t.stage.world.GitHub.Redeliver(ctx, d.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// quiet says whether nothing was written to GitHub for a while.
func (t *tempest) quiet() bool {
	for _, r := range slices.Backward(t.stage.world.GitHub.Requests()) {
		if time.Since(r.At) > quiet+time.Second { // times are whole seconds
			return true
		}
		if r.Method != "GET" && !strings.HasSuffix(r.Path, "/access_tokens") && !strings.HasSuffix(r.Path, "/attempts") {
			return false
		}
	}
	return true
}

func (t *tempest) result(flaws []flaw) Result {
	r := Result{Pulls: len(t.stage.pulls), Kills: t.kills, Faults: int(t.weather.count.Load())}
	count := func(s sort) int {
		bad := map[*pull]bool{}
		for _, f := range flaws {
			if f.sort == s {
				bad[f.pull] = true
			}
		}
		return len(bad)
	}
	r.Lost, r.Wrong, r.Doubled = count(lost), count(wrong), count(doubled)
	told := map[*pull]bool{}
	for _, f := range flaws {
		words := f.String()
		if !told[f.pull] && len(told) < maxTold {
			words += "\n" + t.stage.tell(f.pull) + t.logged(f.pull)
		}
		told[f.pull] = true
		r.Flaws = append(r.Flaws, words)
	}
	return r
}

// maxTold is about how many pull requests everything is told.
const maxTold = 8

// logged is what the servers logged about a pull request.
func (t *tempest) logged(p *pull) string {
	var b strings.Builder
	repository, number := fmt.Sprintf("%q", p.repository.FullName()), fmt.Sprintf(`"pull_request":%d,`, p.Number)
	for i := range t.fleet.processes {
		file, err := os.Open(filepath.Join(t.Dir, fmt.Sprintf("server-%d.log", i+1)))
		if err != nil {
			return err.Error()
		}
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 4<<20)
		for lines.Scan() {
			line := lines.Text()
			aboutHead := slices.ContainsFunc(p.heads, func(sha string) bool { return strings.Contains(line, sha) })
			if strings.Contains(line, repository) && (strings.Contains(line, number) || aboutHead) {
				fmt.Fprintf(&b, "  server %d: %.700s\n", i+1, line)
			}
		}
		file.Close()
	}
	return b.String()
}
