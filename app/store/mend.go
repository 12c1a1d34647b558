package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// What Open says to operators beside what is wrong: the command that mends it. They run it
// where the database is, as its superuser; nothing in it is secret.

// psql is the command that has a database do something.
func psql(database, statement string) string {
	return "`sudo -u postgres psql -d " + asWord(database) + " -c " + asWord(statement) + "`"
}

// name is an identifier as PostgreSQL reads it.
func name(identifier string) string { return pgx.Identifier{identifier}.Sanitize() }

// mendConnection is what lets a role in that PostgreSQL turned away, "" where no command does.
func mendConnection(config *pgxpool.Config, err error) string {
	c := config.ConnConfig
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return ""
	}
	switch refused.Code {
	case wrongPassword:
		return fmt.Sprintf(`give the password of the role %q, or set a new one (\password asks for it): `, c.User) +
			psql(c.Database, `\password `+name(c.User)) + ", and see that pg_hba.conf lets it in from here"
	case wrongAuthorization:
		return fmt.Sprintf("give the user and the password that PostgreSQL knows, and see that pg_hba.conf lets the role %q in from here; where it does not exist: `sudo -u postgres createuser --pwprompt %s`", c.User, asWord(c.User))
	case noSuchDatabase:
		return fmt.Sprintf("create the database, or name one that exists: `sudo -u postgres createdb --owner %s %s`", asWord(c.User), asWord(c.Database))
	case noPrivilege:
		return fmt.Sprintf("the role %q may not connect to the database %q; let it: ", c.User, c.Database) +
			psql(c.Database, "GRANT CONNECT ON DATABASE "+name(c.Database)+" TO "+name(c.User))
	}
	return ""
}

// mendRights says which right a role lacks to make and change the tables. err is what came
// of that.
func (s *Store) mendRights(ctx context.Context, config *pgxpool.Config, err error) error {
	c := config.ConnConfig
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != noPrivilege {
		return err
	}
	may, owner := true, ""
	// Where even that cannot be asked, the first of the two is said: it is what a new database lacks.
	asked := s.pool.QueryRow(ctx, `SELECT COALESCE(has_schema_privilege(current_schema(), 'CREATE'), FALSE),
		COALESCE((SELECT tableowner FROM pg_tables WHERE tablename = 'goose_db_version' AND schemaname = current_schema()), '')`).Scan(&may, &owner)
	if asked == nil && may && owner != "" && owner != c.User {
		return fmt.Errorf("the tables of the database %q belong to the role %q, and %q may not change them; let it: %s: %w", c.Database, owner, c.User,
			psql(c.Database, "GRANT "+name(owner)+" TO "+name(c.User)), withoutAdvice{err})
	}
	return fmt.Errorf("the role %q may not make tables in the database %q; let it: %s, or make it the owner of the database: %s: %w", c.User, c.Database,
		psql(c.Database, "GRANT USAGE, CREATE ON SCHEMA public TO "+name(c.User)),
		psql(c.Database, "ALTER DATABASE "+name(c.Database)+" OWNER TO "+name(c.User)), withoutAdvice{err})
}

// withoutAdvice is an error of which nothing more is to be said.
type withoutAdvice struct{ err error }

func (w withoutAdvice) Error() string { return oneLine(w.err) }

// newer is the error for tables of a version that this program does not know.
func (s *Store) newer(have, want int64) error {
	path := asWord(s.path)
	back := fmt.Sprintf("`rm -f %s-wal %[1]s-shm && cp BACKUP %[1]s`", path)
	if s.pool != nil {
		c := s.pool.Config().ConnConfig
		database := asWord(c.Database)
		back = fmt.Sprintf("`sudo -u postgres dropdb %s && sudo -u postgres createdb --owner %s %[1]s && pg_restore -d %[3]s BACKUP`", database, asWord(c.User), asWord(s.name))
	}
	return fmt.Errorf("%w: its tables are of version %d, and this program knows them up to %d: start the newer version again, or stop all servers and restore the backup from before the upgrade: %s", ErrNewer, have, want, back)
}

// mayWrite is the command that lets this user write to the folder of a file, as the end of a sentence;
// "" where an error is not about that.
func mayWrite(path string, err error) string {
	if !errors.Is(err, os.ErrPermission) || os.Geteuid() < 0 { // less than 0 where users have no numbers
		return ""
	}
	return fmt.Sprintf(", or let this user, %d, write to this one: `sudo chown %[1]d %s`", os.Geteuid(), asWord(filepath.Dir(path)))
}

// asWord is a word of a shell's command line.
func asWord(word string) string {
	if regexp.MustCompile(`^[\w@%+=:,./-]+$`).MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
