package registry

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Host is what is known of a registry's host.
type Host struct {
	Name  string    // "registry.example.com"
	State HostState // of its circuit breaker
	Until time.Time // when it is asked again; zero where it is asked at once
}

// HostState says whether a host is asked.
type HostState string

// The states of a host.
const (
	Closed   HostState = "closed"    // it is asked
	HalfOpen HostState = "half_open" // it was left alone for long enough: the next request tries whether it is back
	Open     HostState = "open"      // it is not asked for a while
)

// Hosts are the hosts that were asked, by name, for metrics.
func (c *Client) Hosts() []Host {
	var out []Host
	for _, d := range c.doors() {
		out = append(out, d.state(time.Now()))
	}
	slices.SortFunc(out, func(a, b Host) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Rest is how long it takes until every host is asked again, 0 where each of them is.
func (c *Client) Rest() (rest time.Duration) {
	now := time.Now()
	for _, d := range c.doors() {
		if h := d.state(now); h.State == Open {
			rest = max(rest, h.Until.Sub(now))
		}
	}
	return rest
}

func (c *Client) doors() []*door {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Values(c.hosts))
}
