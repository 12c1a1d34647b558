package registry

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
)

// errPrivate is wrapped where a connection was refused because a public name led
// to an address inside the operator's network.
var errPrivate = errors.New("the address is not public")

// dialer refuses addresses inside the operator's network, after the name was
// resolved, except for the hosts that the operator configured.
type dialer struct {
	mu         sync.RWMutex
	configured map[string]bool // host:port
}

// allow lets host:port lead to an address inside the network.
func (d *dialer) allow(hostPort string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.configured == nil {
		d.configured = map[string]bool{}
	}
	d.configured[strings.ToLower(hostPort)] = true
}

// dial is for http.Transport.DialContext.
func (d *dialer) dial(ctx context.Context, network, hostPort string) (net.Conn, error) {
	d.mu.RLock()
	configured := d.configured[strings.ToLower(hostPort)]
	d.mu.RUnlock()
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
	if a.IsPrivate() || a.IsLoopback() || !a.IsGlobalUnicast() {
		return true
	}
	for _, p := range []string{
		"0.0.0.0/8",       // this network
		"100.64.0.0/10",   // carrier-grade NAT, and clouds' internal services
		"192.0.0.0/24",    // protocol assignments
		"192.0.2.0/24",    // documentation
		"198.18.0.0/15",   // benchmarks
		"198.51.100.0/24", // documentation
		"203.0.113.0/24",  // documentation
		"240.0.0.0/4",     // reserved
		"64:ff9b::/96",    // NAT64: an IPv4 address in disguise
		"64:ff9b:1::/48",  // local NAT64
		"100::/64",        // discard
		"2001::/23",       // protocol assignments, Teredo among them
		"2001:db8::/32",   // documentation
		"2002::/16",       // 6to4: an IPv4 address in disguise
		"fec0::/10",       // old site-local
		"::ffff:0:0:0/96", // translated IPv4
	} {
		if netip.MustParsePrefix(p).Contains(a) {
			return true
		}
	}
	return false
}
