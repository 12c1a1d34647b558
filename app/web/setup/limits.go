package setup

import "time"

// Limits, each with its reason.
const (
	// maxForm bounds what a browser sends: three short fields.
	maxForm = 16 << 10
	// maxHeader bounds the headers of a request; a browser may bring cookies of other
	// programs on this machine.
	maxHeader = 64 << 10
	// maxURL bounds the public address.
	maxURL = 300
	// convertTime bounds the exchange of a code: the person waits for it.
	convertTime = 30 * time.Second
	// closeTime is what the last page has to reach the browser.
	closeTime = 5 * time.Second
)
