package app_test

import (
	"testing"

	"github.com/bonafide-app/bonafide/app"
	"github.com/bonafide-app/bonafide/app/sandbox"
	"github.com/bonafide-app/bonafide/app/sandbox/forge"
	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

func TestAPullRequestIsJudgedOnPostgreSQL(t *testing.T) {
	database := enginetest.Postgres(t)
	p := newPlay(t, false, nil, func(o *app.Options, _ *sandbox.World) { o.Database = database })
	pull := p.pull(p.locked(lost))
	p.ends(pull.HeadSHA(), "failure", "provenance-lost")
	_, err := pull.Push(p.ctx, forge.Files{"package-lock.json": forge.Text(p.lock(mended))})
	p.must(err)
	p.settle()
	p.ends(pull.HeadSHA(), "success")
	if n := len(pull.Reviews()); n != 1 {
		t.Errorf("%d reviews", n)
	}
}
