package access

import (
	"container/list"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// attempts bound how often people try to sign in: each address, and all together. An
// address that is not public is a proxy's, behind which everybody is: it counts for all
// together only. Who a proxy says that it speaks for is not believed.
type attempts struct {
	clock func() time.Time
	all   *rate.Limiter

	mu    sync.Mutex
	order *list.List // of *attempt, the last seen first
	items map[netip.Prefix]*list.Element
}

type attempt struct {
	from  netip.Prefix
	limit *rate.Limiter
}

func newAttempts(clock func() time.Time) *attempts {
	return &attempts{clock: clock, all: rate.NewLimiter(ServerAttemptsASecond, ServerAttemptBurst), order: list.New(), items: map[netip.Prefix]*list.Element{}}
}

func (a *attempts) allow(r *http.Request) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.clock()
	if from, ok := network(r.RemoteAddr); ok && !a.of(from).AllowN(now, 1) {
		return false
	}
	return a.all.AllowN(now, 1)
}

func (a *attempts) of(from netip.Prefix) *rate.Limiter {
	if e, ok := a.items[from]; ok {
		a.order.MoveToFront(e)
		return e.Value.(*attempt).limit //nolint:forcetypeassert // nothing else is in the list
	}
	one := &attempt{from, rate.NewLimiter(AttemptsASecond, AttemptBurst)}
	a.items[from] = a.order.PushFront(one)
	if a.order.Len() > MaxAddresses {
		last := a.order.Back()
		delete(a.items, last.Value.(*attempt).from) //nolint:forcetypeassert // as above
		a.order.Remove(last)
	}
	return one.limit
}

// network is what one person has of the internet: an address, of IPv6 a /64.
func network(remote string) (netip.Prefix, bool) {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return netip.Prefix{}, false
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Prefix{}, false
	}
	ip = ip.Unmap().WithZone("")
	if ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
		return netip.Prefix{}, false
	}
	bits := ip.BitLen()
	if ip.Is6() {
		bits = 64
	}
	p, err := ip.Prefix(bits)
	return p, err == nil
}
