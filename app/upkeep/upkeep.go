// Package upkeep keeps true what was promised between two deliveries: what GitHub
// lost comes back, no verdict outlives its ground, and no check stays unfinished. It
// finds what is to be done and makes jobs of it; the queue does them.
package upkeep

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/review"
)

// Task is something that is done again and again.
type Task struct {
	Name  string        // "sweep"; also the key of its claims
	Every time.Duration // between two rounds, over all servers
	// AtStart does it once at each start, too, whenever it was done last.
	AtStart bool
	// Do does one round. It is bounded by ctx and must bear to be done twice at a time.
	Do func(ctx context.Context) error
}

// Claims share the rounds of a task among several servers.
type Claims interface {
	// Claim reports whether the caller is the one to do the round that is due: the last
	// one was claimed at least every ago. It is durable before it returns.
	Claim(ctx context.Context, task string, every time.Duration) (bool, error)
}

// Keeper does tasks, each by itself.
type Keeper struct {
	claims Claims
	tasks  []Task
	log    zerolog.Logger
}

// New makes a Keeper.
func New(claims Claims, log zerolog.Logger, tasks ...Task) (*Keeper, error) {
	if claims == nil {
		return nil, errors.New("a keeper needs claims")
	}
	for _, t := range tasks {
		if t.Name == "" || t.Every <= 0 || t.Do == nil {
			return nil, fmt.Errorf("the task %q lacks its name, its time or what is to be done", t.Name)
		}
	}
	return &Keeper{claims: claims, tasks: tasks, log: log}, nil
}

// Run does the tasks until ctx ends, and returns when the last one has.
func (k *Keeper) Run(ctx context.Context) {
	var group sync.WaitGroup
	for _, t := range k.tasks {
		group.Go(func() { k.keep(ctx, t) })
	}
	group.Wait()
}

func (k *Keeper) keep(ctx context.Context, t Task) {
	if t.AtStart && pause(ctx, rand.N(startJitter)) {
		k.do(ctx, t)
	}
	// Every server looks more often than the task is due, at times of its own, so that
	// the round of one that died is soon another's.
	look := max(min(t.Every/looksPerRound, longestLook), shortestLook)
	for pause(ctx, look/2+rand.N(look)) {
		due, err := k.claims.Claim(ctx, t.Name, t.Every)
		switch {
		case err != nil && ctx.Err() == nil:
			k.log.Error().Err(err).Str("task", t.Name).Msg("whose turn it is could not be found out")
		case due:
			k.do(ctx, t)
		}
	}
}

// do does one round. What fails is done again in the next.
func (k *Keeper) do(ctx context.Context, t Task) {
	ctx, cancel := context.WithTimeout(ctx, roundTime)
	defer cancel()
	log := k.log.With().Str("task", t.Name).Logger()
	defer func() {
		if p := recover(); p != nil {
			log.Error().Interface("panic", p).Bytes("stack", debug.Stack()).Msg("panic in a task")
		}
	}()
	if err := t.Do(log.WithContext(ctx)); err != nil && !errors.Is(err, context.Canceled) {
		line := log.Error().Err(err)
		if cause := review.Cause(err); cause != "" {
			line = line.Str("cause", cause)
		}
		line.Msg("the task failed; its next round is to make up for it")
	}
}

// pause waits and reports whether ctx goes on.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
