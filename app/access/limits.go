package access

import "time"

// Limits of signing in and of what GitHub is asked for, each with its reason.
const (
	// MaxSession is how long a session lasts at most: a working day. GitHub's tokens for
	// people end after the same eight hours.
	MaxSession = 8 * time.Hour
	// SignInTime is how long a sign-in may take at GitHub, with a second factor and all.
	SignInTime = 10 * time.Minute
	// KeepAnswer is how long GitHub's answer holds: who may read what, what is public.
	KeepAnswer = 5 * time.Minute
	// KeepVisibility is how long it holds where it must be as of now. A badge in a busy
	// README would else use up the requests that checks need.
	KeepVisibility = 10 * time.Second
	// AnswerTime bounds one question, which a page waits for; the server gives an answer
	// 30 s in all.
	AnswerTime = 20 * time.Second
	// RefusalTime is what it takes to refuse somebody who has not signed in, whether or not
	// GitHub was asked. A question takes less.
	RefusalTime = time.Second
	// RevokeTime bounds the request that ends a token, which who signs out waits for.
	RevokeTime = 10 * time.Second

	// MaxKept bounds the answers that are kept, counted in repositories: about 200 bytes
	// each.
	MaxKept = 200_000
	// MaxName bounds the owner and the name of a repository in a question. GitHub's have 100
	// bytes at most.
	MaxName = 100
	// MaxDestination bounds the path that somebody comes back to: it travels in a cookie, of
	// which browsers keep 4 kB.
	MaxDestination = 1_500
	// MaxQuery bounds the code and the state that come back from GitHub. Codes have 20
	// bytes, states 43.
	MaxQuery = 500

	// PublicASecond and PublicBurst bound what GitHub is asked for people who have not
	// signed in: 10 minutes of it are 3,000 requests of all installations together.
	PublicASecond = 5
	PublicBurst   = 30
	// AttemptsASecond and AttemptBurst bound the sign-ins of an address, and
	// ServerAttemptsASecond and ServerAttemptBurst those of the server.
	AttemptsASecond       = 1
	AttemptBurst          = 30
	ServerAttemptsASecond = 10
	ServerAttemptBurst    = 100
	// MaxAddresses bounds the addresses that are counted: some 100 bytes each.
	MaxAddresses = 10_000
)
