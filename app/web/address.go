package web

import (
	"fmt"
	"net/url"
)

// Addresses makes the addresses of the pages. Its value is the server's public address,
// "https://bonafide.example.com", without a slash at the end; "" makes addresses that begin
// with a slash, for links between pages.
//
//	/                                      what the viewer may see
//	/o/OWNER                               an organisation; ?package=npm:NAME@VERSION asks where that is used
//	/r/OWNER/NAME                          a repository
//	/r/OWNER/NAME/packages                 its inventory; with the filters of a list (listing.go)
//	/r/OWNER/NAME/package?purl=&lockfile=  a package of that; lists name its row instead: ?id=
//	/r/OWNER/NAME/bundle?id=               what its registry attested
//	/r/OWNER/NAME/history                  what entered and left when
//	/r/OWNER/NAME/export?format=           the inventory as json, sarif, csv, cyclonedx
//	/r/OWNER/NAME/pull/7                   the newest report of a pull request
//	/r/OWNER/NAME/pull/7/SHA               the report of a head; the same with /package, /export, /bundle
//	/r/OWNER/NAME/commit/SHA               what a check says: its reports
//	/r/OWNER/NAME/commit/SHA/group         the report of a merge group; the same with /package, /export, /bundle
//	/badge/OWNER/NAME.svg                  how many packages have provenance
type Addresses string

// Owner is the page of an organisation.
func (a Addresses) Owner(owner string) string { return string(a) + "/o/" + url.PathEscape(owner) }

// Repository is the page of a repository.
func (a Addresses) Repository(owner, name string) string {
	return string(a) + "/r/" + url.PathEscape(owner) + "/" + url.PathEscape(name)
}

// Inventory is the list of a default branch's packages.
func (a Addresses) Inventory(owner, name string) string {
	return a.Repository(owner, name) + "/packages"
}

// Pull is the newest report of a pull request where head is "", else that of a head.
func (a Addresses) Pull(owner, name string, number int, head string) string {
	at := fmt.Sprintf("%s/pull/%d", a.Repository(owner, name), number)
	if head != "" {
		at += "/" + url.PathEscape(head)
	}
	return at
}

// Commit is what the check of a commit says.
func (a Addresses) Commit(owner, name, head string) string {
	return a.Repository(owner, name) + "/commit/" + url.PathEscape(head)
}

// Report is the report of a pull request's head, or, number 0, of a merge group.
func (a Addresses) Report(owner, name string, number int, head string) string {
	if number == 0 {
		return a.Commit(owner, name, head) + "/group"
	}
	return a.Pull(owner, name, number, head)
}

// Badge is a repository's badge; key is that of a link that was given out, "" for a public
// repository.
func (a Addresses) Badge(owner, name, key string) string {
	at := string(a) + "/badge/" + url.PathEscape(owner) + "/" + url.PathEscape(name) + ".svg"
	if key != "" {
		at += "?key=" + url.QueryEscape(key)
	}
	return at
}
