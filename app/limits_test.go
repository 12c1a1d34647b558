package app_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/sandbox/forge"
)

func TestALimitOfOneInstallationLeavesOthersUndisturbed(t *testing.T) {
	p := newPlay(t, true, nil)
	other, err := p.GitHub.CreateRepository(p.ctx, forge.RepositorySpec{Owner: "tidal", Name: "app", Files: forge.Files{
		"package.json": forge.Text("{}\n"), "package-lock.json": forge.Text(p.lock(good)),
	}})
	p.must(err)
	_, err = p.GitHub.Install(p.ctx, "tidal", other)
	p.must(err)
	p.settle()

	// Longer than the time for trying, so that the wait must not count.
	const pause = 3 * time.Second
	var mu sync.Mutex
	var limited time.Time
	during, undisturbed := 0, 0
	hit := make(chan struct{})
	p.GitHub.SetFault(func(r *http.Request, _ string) *forge.Fault {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case strings.Contains(r.URL.Path, "/repos/tidal/"):
			undisturbed++
		case !strings.Contains(r.URL.Path, "/repos/acme/"):
		case limited.IsZero() && strings.HasSuffix(r.URL.Path, "/pulls"): // before the verdict is written; nothing else is asked at that time
			limited = time.Now()
			close(hit)
			return forge.SecondaryLimit(403, pause)
		case !limited.IsZero() && time.Since(limited) < pause:
			during++
		}
		return nil
	})
	pull := p.open(p.locked(mended))
	select {
	case <-hit:
	case <-p.ctx.Done():
		t.Fatal(p.ctx.Err())
	}
	_, err = other.Push(p.ctx, forge.Change{Branch: "y", Files: p.locked(mended)})
	p.must(err)
	theirs, err := other.OpenPull(p.ctx, forge.PullSpec{Head: "y"})
	p.must(err)
	p.settle()

	p.ends(pull.HeadSHA(), "success")
	if runs := other.LatestCheckRuns(theirs.HeadSHA()); len(runs) != 1 || runs[0].Conclusion != "success" {
		t.Errorf("the other installation's: %+v", runs)
	}
	p.stop()
	mu.Lock()
	defer mu.Unlock()
	if during != 0 || undisturbed == 0 {
		t.Errorf("%d requests during the pause, %d of the other installation", during, undisturbed)
	}
	log := p.log.String()
	if n := strings.Count(log, "the job waits for a limit"); n != 1 || strings.Contains(log, "the job failed") {
		t.Errorf("the job was put off %d times:\n%s", n, log)
	}
}
