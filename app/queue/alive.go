package queue

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/rs/zerolog"
)

// alive says again and again that a server lives, on a database that several have open,
// and hands over the jobs of those that no longer do: River would wait for the longest
// attempt. A server that was only slow loses its jobs, too, and writes nothing about them
// from then on: an attempt that is not the job's last has no say (guard).
type alive struct {
	db    *sql.DB
	id    string // what River writes into attempted_by
	every time.Duration
	log   zerolog.Logger
}

const (
	// serverLease is a server's name among the leases.
	serverLease = "server/"
	// clockPostgres is what time the database has, in ms: servers may have others.
	clockPostgres = `CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)`
)

// tell goes on until ctx ends, and then gives the lease back. The others are only looked
// at where this server could speak for a while: while the database was away none could.
func (a alive) tell(ctx context.Context) {
	tick := time.NewTicker(a.every)
	defer tick.Stop()
	for told := 0; ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			if err := a.end(context.WithoutCancel(ctx)); err != nil {
				a.log.Warn().Err(err).Msg("the other servers look for this one until its lease runs out")
			}
			return
		}
		err := a.beat(ctx)
		if told++; err != nil {
			told = 0
		} else if told >= beatsBefore {
			err = a.takeOver(ctx)
		}
		if err != nil && ctx.Err() == nil {
			a.log.Warn().Err(err).Msg("what the servers of the database tell each other did not get through")
		}
	}
}

// beat says that the server lives.
func (a alive) beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, silence/4)
	defer cancel()
	_, err := a.db.ExecContext(ctx, `INSERT INTO lease (name, holder, until) VALUES ($1, $2, `+clockPostgres+` + $3)
		ON CONFLICT (name) DO UPDATE SET until = excluded.until`, serverLease+a.id, a.id, silence.Milliseconds())
	if err != nil {
		return fmt.Errorf("queue: tell that this server lives: %w", err)
	}
	return nil
}

// takeOver makes the jobs available that run on servers whose lease ran out, and notes
// that their server died with them. A server without a lease is of an older version:
// River rescues its jobs.
func (a alive) takeOver(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	result, err := a.db.ExecContext(ctx, `UPDATE river_job SET state = 'available',
		metadata = metadata || jsonb_build_object('crashes', coalesce(CAST(metadata ->> 'crashes' AS integer), 0) + 1)
		WHERE state = 'running' AND $1 || attempted_by[cardinality(attempted_by)] IN (SELECT name FROM lease WHERE until <= `+clockPostgres+`)`,
		serverLease)
	if err != nil {
		return fmt.Errorf("queue: take over the jobs of servers that vanished: %w", err)
	}
	n, err := result.RowsAffected()
	if n > 0 {
		a.log.Warn().Int64("jobs", n).Msg("took over the jobs of a server that was not heard of any more")
	}
	return err
}

// end says that the server is gone, with no job left.
func (a alive) end(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, silence/4)
	defer cancel()
	if _, err := a.db.ExecContext(ctx, `DELETE FROM lease WHERE name = $1`, serverLease+a.id); err != nil {
		return fmt.Errorf("queue: tell that this server ended: %w", err)
	}
	return nil
}
