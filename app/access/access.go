// Package access says who may see what: people sign in with GitHub, and GitHub is asked
// what they may read. Nothing here is a right of its own: a session holds a token of
// GitHub's, and ends when that does.
package access

import (
	"context"
	"errors"
	"time"
)

// ErrNone is wrapped where there is nothing to see, or nothing that this person may see:
// nobody learns which of the two.
var ErrNone = errors.New("nothing to see")

// ErrSignedOut is wrapped where GitHub no longer takes a token: the session is over.
var ErrSignedOut = errors.New("signed out")

// Token is a person's, given by GitHub to our App: it reads what both may read.
type Token struct {
	Value   string
	Expires time.Time // zero: GitHub names no end
}

// Person is who signed in.
type Person struct {
	ID    int64
	Login string
}

// Repository is one that the App is installed on, as GitHub describes it now.
type Repository struct {
	Installation int64 // 0 where the call that was made does not say
	ID           int64
	Owner, Name  string
	Private      bool // not public: private or internal
	// Write and Admin are what the person may do in it.
	Write, Admin bool
}

// GitHub is what is asked of GitHub. checks implements it. Every method is bounded in time
// and size, and may fail with an error that wraps ErrSignedOut (the token is no longer
// taken), ErrNone (there is none, or not for this person), or with a *review.Later.
type GitHub interface {
	// SignIn is the address at GitHub where a person is sent to sign in. challenge is the
	// PKCE challenge (S256) of the verifier that Redeem is given.
	SignIn(state, challenge, redirect string) string
	// Redeem turns the code of a sign-in into a token. A code can be redeemed once.
	Redeem(ctx context.Context, code, verifier, redirect string) (Token, error)
	// Revoke ends a token at GitHub.
	Revoke(ctx context.Context, t Token) error
	// Person is whose token it is.
	Person(ctx context.Context, t Token) (Person, error)
	// Readable is a repository that the person may read, by its name, in any case.
	// Whether the App is installed on it is for the store to know.
	Readable(ctx context.Context, t Token, owner, name string) (Repository, error)
	// AllReadable are the repositories of the App's installations that the person may
	// read, up to 5,000.
	AllReadable(ctx context.Context, t Token) ([]Repository, error)
	// Public says whether a repository is public now, asked as its installation. ErrNone:
	// it is not there (any more), or has another id.
	Public(ctx context.Context, installation, id int64, owner, name string) (bool, error)
}
