package registry

import "time"

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
	HalfOpen HostState = "half_open" // one request tries whether it is back
	Open     HostState = "open"      // it is not asked for a while
)

// Hosts are the hosts that were asked, for metrics.
func (c *Client) Hosts() []Host { return nil }
