package registry

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"syscall"
)

// errPrivate is wrapped where a connection was refused because a public name led
// to an address inside the operator's network.
var errPrivate = errors.New("the address is not public")

// dialer refuses addresses inside the operator's network, after the name was
// resolved, except for the hosts that the operator configured: "host:port".
type dialer map[string]bool

// dial is for http.Transport.DialContext.
func (d dialer) dial(ctx context.Context, network, hostPort string) (net.Conn, error) {
	configured := d[strings.ToLower(hostPort)]
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, err
	}
	_, err = netip.ParseAddr(host)
	literal := err == nil

	nd := net.Dialer{
		Timeout: dialTimeout,
		Control: func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			if !mayDial(to.Addr(), configured, literal) {
				return errPrivate
			}
			return nil
		},
	}
	return nd.DialContext(ctx, network, hostPort)
}

// mayDial decides on one resolved address. A configured literal address is the
// operator's own word; a configured name may lead into the network, but not to
// link-local addresses, where clouds serve their credentials.
func mayDial(a netip.Addr, configured, literal bool) bool {
	a = a.Unmap().WithZone("")
	if configured && literal {
		return true
	}
	if a.IsUnspecified() || a.IsMulticast() || a.IsLinkLocalUnicast() {
		return false
	}
	return configured || !inside(a)
}

// inside says whether an address is not of the public Internet, by the special
// purpose registries of IANA (RFC 6890).
func inside(a netip.Addr) bool {
	if nat64.Contains(a) { // the way to IPv4 where there is only IPv6
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	if a.IsPrivate() || a.IsLoopback() || !a.IsGlobalUnicast() {
		return true
	}
	for _, p := range special {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

var (
	nat64   = netip.MustParsePrefix("64:ff9b::/96")
	special = []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),       // this network
		netip.MustParsePrefix("100.64.0.0/10"),   // carrier-grade NAT, and clouds' internal services
		netip.MustParsePrefix("192.0.0.0/24"),    // protocol assignments
		netip.MustParsePrefix("192.0.2.0/24"),    // documentation
		netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
		netip.MustParsePrefix("198.51.100.0/24"), // documentation
		netip.MustParsePrefix("203.0.113.0/24"),  // documentation
		netip.MustParsePrefix("240.0.0.0/4"),     // reserved
		netip.MustParsePrefix("64:ff9b:1::/48"),  // local NAT64
		netip.MustParsePrefix("100::/64"),        // discard
		netip.MustParsePrefix("2001::/23"),       // protocol assignments, Teredo among them
		netip.MustParsePrefix("2001:db8::/32"),   // documentation
		netip.MustParsePrefix("2002::/16"),       // 6to4: an IPv4 address in disguise
		netip.MustParsePrefix("fec0::/10"),       // former site-local
		netip.MustParsePrefix("::/96"),           // IPv4-compatible
		netip.MustParsePrefix("::ffff:0:0:0/96"), // IPv4-translated
	}
)
