package store

import "time"

// Limits of the database, each with its reason.
const (
	// maxFact bounds one cached fact. The largest are two Sigstore bundles, 15 kB.
	maxFact = 4 << 20
	// maxKey bounds a key: an origin, a package, a digest and two revisions.
	maxKey = 2048
	// maxReport bounds one stored report: 50,000 packages of about 1 kB.
	maxReport = 64 << 20
	// MaxBrought bounds the packages of a pull request that are kept to find it by. What is
	// beyond is judged again daily all the same.
	MaxBrought = 5_000
	// maxRepositories bounds the repositories of an installation that are listed.
	maxRepositories = 100_000
	// maxAccepted bounds what is read of what was accepted in a repository; of one pull request
	// there are 500 at most. What is beyond does not count.
	maxAccepted = 1_000_000
	// maxHoldings bounds the packages of one inventory: four times what a report can hold.
	maxHoldings = 200_000
	// maxHolding bounds the words that name one of them: PostgreSQL's indexes take 2,700 bytes.
	maxHolding = 2_000
	// maxNews bounds what is told of one repository.
	maxNews = 1_000
	// maxStandings bounds the repositories of an owner that a page is made of, as many as
	// GitHub is asked for.
	maxStandings = 5_000
	// maxSections bounds the pull requests with one head commit.
	maxSections = 1_000
	// maxSession bounds what is kept of a session: a person and a token.
	maxSession = 16 << 10
	// keyBytes is the length of a secret that the server makes for itself.
	keyBytes = 32
	// batch is how many rows one statement writes. With more of them SQLite's driver is slow to
	// find the values.
	batch = 50
	// readers is how many statements may read at once beside the one writer.
	readers = 4
	// sweepEvery is how often what is too old is deleted; it costs nothing but space.
	sweepEvery = time.Hour
	// keepSubjects is how long is remembered which head an event brought: longer than any
	// delivery is sent again.
	keepSubjects = 8 * 24 * time.Hour
	// keepReports is how long a report is kept after it was written, where the operator does
	// not say: what was decided in a quarter can be looked up. There is one for each commit of
	// a pull request, of about 1 kB for each package.
	keepReports = 100 * 24 * time.Hour
	// keepCoverage is for how long a chart can go back: two years, a row a day.
	keepCoverage = 2 * 366 * 24 * time.Hour
	// keepLeases is how long a lease that ran out is kept: a server that vanished gives none
	// back, and its jobs are looked for until then.
	keepLeases = 24 * time.Hour
	// maxSwept and maxSweptReports bound what is deleted of a table at a time: deliveries wait
	// for it. Reports are large.
	maxSwept        = 20_000
	maxSweptReports = 1_000
	// busyTimeout is how long a statement waits for another one's lock.
	busyTimeout = 5 * time.Second

	// connections is how many a server has to PostgreSQL at most, where the address
	// does not say (pool_max_conns). PostgreSQL allows 100 by default: several replicas
	// share them.
	connections = 12
	// connectTimeout is how long a connection to PostgreSQL may take, where the address
	// does not say (connect_timeout). GitHub waits ten seconds for an answer.
	connectTimeout = 5 * time.Second
	// statementTimeout ends a statement that PostgreSQL is busy with, where the address
	// does not say (statement_timeout). The longest delete some thousand rows.
	statementTimeout = 30 * time.Second
	// restAsked is how long a connection may have rested before it is asked whether it
	// still stands: after a restart of PostgreSQL no delivery is refused for one that
	// does not. Under load none rests that long, and nothing is asked.
	restAsked = 50 * time.Millisecond
	// aloneTimeout is how long a server waits at its start while another brings the
	// tables up to date, and does so itself.
	aloneTimeout = 5 * time.Minute
	// closeTimeout is how long Close waits for connections that are in use.
	closeTimeout = 5 * time.Second
)
