package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/rs/zerolog"
)

// News is what has changed about a package in use.
type News struct {
	PURL, Kind, Detail string
	Since              time.Time
}

// saveNews stores news in place of what was told before. What was told before keeps its Since.
func saveNews(ctx context.Context, tx *sql.Tx, i Inventory) error {
	type about struct{ purl, kind string }
	told, err := list(ctx, tx, scanNews, `SELECT purl, kind, detail, since FROM news WHERE installation = $1 AND repository = $2`, i.Installation, i.ID)
	if err != nil {
		return err
	}
	since := map[about]time.Time{}
	for _, n := range told {
		since[about{n.PURL, n.Kind}] = n.Since
	}
	if err := deleteFrom(ctx, tx, i.Installation, i.ID, "news"); err != nil {
		return err
	}
	left := max(0, len(i.News)-maxNews)
	for _, n := range i.News[:min(len(i.News), maxNews)] {
		n.PURL = text(n.PURL)
		if len(n.PURL) > maxHolding {
			left++
			continue
		}
		if before, ok := since[about{n.PURL, n.Kind}]; ok {
			n.Since = before
		} else if n.Since.IsZero() {
			n.Since = i.Looked
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO news (installation, repository, purl, kind, detail, since)
			VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (installation, repository, purl, kind) DO NOTHING`,
			i.Installation, i.ID, n.PURL, n.Kind, text(n.Detail), n.Since.UnixMilli()); err != nil {
			return err
		}
	}
	if left > 0 {
		zerolog.Ctx(ctx).Warn().Int("left_out", left).Msg("more is new about the packages of the repository than is kept")
	}
	return nil
}

func scanNews(scan func(...any) error) (n News, err error) {
	var since int64
	err = scan(&n.PURL, &n.Kind, &n.Detail, &since)
	n.Since = moment(since)
	return n, err
}

// NewsOf is what has changed about packages in use, the newest first; 1,000 at most.
func (s *Store) NewsOf(ctx context.Context, installation, repository int64) ([]News, error) {
	news, err := list(ctx, s.reader, scanNews, `SELECT purl, kind, detail, since FROM news
		WHERE installation = $1 AND repository = $2 ORDER BY since DESC, purl, kind LIMIT $3`, installation, repository, maxNews)
	if err != nil {
		return nil, fmt.Errorf("read the news of repository %d: %w", repository, err)
	}
	return news, nil
}
