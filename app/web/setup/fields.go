package setup

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bonafide-app/bonafide/app/registered"
)

func trimmed(r *http.Request, field string) string { return strings.TrimSpace(r.PostFormValue(field)) }

// PublicAddress is where people and GitHub reach a server, as it is kept: without a slash
// at its end. It is refused where that GitHub could not reach it.
func PublicAddress(address, github string) (string, error) {
	const example = "write it like https://bonafide.example.com"
	g, err := url.Parse(github)
	if err != nil {
		return "", errors.New("GitHub's address is none")
	}
	u, err := url.Parse(address)
	switch {
	case address == "":
		return "", errors.New("the public address is missing: " + example)
	case err != nil || u.Host == "" || u.Opaque != "" || len(address) > maxURL || strings.ContainsFunc(address, func(c rune) bool { return c <= ' ' || c > '~' }):
		return "", errors.New("the public address is not one: " + example)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", errors.New("the public address has a user, a query or a fragment: " + example)
	case strings.Trim(u.Path, "/") != "":
		return "", errors.New("the public address has a path, and the server answers at the root of a host: " + example)
	case u.Scheme != "https" && (u.Scheme != "http" || near(g.Hostname()) != loopback):
		return "", errors.New("the public address must begin with https://: GitHub sends events there, and people sign in there")
	}
	switch near(u.Hostname()) {
	case loopback:
		if near(g.Hostname()) != loopback {
			return "", fmt.Errorf("%s is this machine's own name for itself: GitHub cannot reach it; %s", u.Hostname(), example)
		}
	case private:
		if cloud(g.Hostname()) {
			return "", fmt.Errorf("%s is an address of a private network: GitHub cannot reach it; %s", u.Hostname(), example)
		}
	}
	return u.Scheme + "://" + u.Host, nil
}

// reach is how far an address is known.
type reach int

const (
	public reach = iota
	private
	loopback
)

func near(host string) reach {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	switch {
	case host == "localhost" || strings.HasSuffix(host, ".localhost"):
		return loopback
	case strings.HasSuffix(host, ".local"), strings.HasSuffix(host, ".internal"):
		return private
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case err != nil && !strings.Contains(host, "."):
		return private // a name of a local network
	case err != nil:
		return public
	}
	switch ip = ip.Unmap(); {
	case ip.IsLoopback() || ip.IsUnspecified():
		return loopback
	case ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsMulticast() || netip.MustParsePrefix("100.64.0.0/10").Contains(ip):
		return private
	}
	return public
}

// cloud says that a GitHub is one that GitHub runs. Others stand in networks that they
// share with their servers.
func cloud(host string) bool {
	return host == "github.com" || host == "www.github.com" || strings.HasSuffix(host, ".ghe.com")
}

func checkName(name string) error {
	switch {
	case name == "":
		return errors.New("the App's name is missing: choose one that no other App at GitHub has")
	case utf8.RuneCountInString(name) > registered.MaxName:
		return fmt.Errorf("the App's name is longer than the %d characters that GitHub allows", registered.MaxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) }):
		return errors.New("the App's name has characters that cannot be seen: write another one")
	}
	return nil
}

func checkOrg(org string) error {
	if org != "" && !regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98}[A-Za-z0-9])?$`).MatchString(org) {
		return errors.New("the organisation is not a name of one: write it as it stands in the address of its page")
	}
	return nil
}

// suggested is a name that is likely to be free: of the organisation, else of the server.
func suggested(org, public string) string {
	of := org
	if u, err := url.Parse(public); of == "" && err == nil {
		of = strings.TrimPrefix(u.Hostname(), "bonafide.")
	}
	if of == "" {
		return ""
	}
	name := "bonafide-" + strings.ReplaceAll(of, ".", "-")
	return strings.TrimRight(name[:min(len(name), registered.MaxName)], "-")
}
