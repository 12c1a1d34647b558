package web

import "time"

// Limits of the pages of a report, each with its reason.
const (
	// maxCommit is the length of a SHA-256 commit in hexadecimal digits.
	maxCommit = 64
	// maxNumber bounds the number of a pull request: GitHub's fit into 31 bits.
	maxNumber = 1<<31 - 1
	// maxSought bounds the text that a list is searched for, in bytes: npm's longest names
	// have 214, and a version.
	maxSought = 300
	// maxChosen bounds a value that a list is filtered by, in bytes: paths are the longest.
	maxChosen = 1 << 10
	// maxPURL bounds a package URL in an address, in bytes: the longest name and version of
	// npm, each character of it escaped.
	maxPURL = 3 << 10
	// maxListPage bounds the number of a list's page: the largest report has fewer.
	maxListPage = 100_000
	// maxChoices bounds the values of a filter that stand in the open; the rest is folded.
	maxChoices = 8
	// maxFolded bounds those that are folded: a search is quicker than reading on.
	maxFolded = 200
	// maxFindings bounds the findings that a page spells out. Each is named in the list, and
	// told in full on its package's page.
	maxFindings = 30
	// maxNamed bounds the packages of one finding that are listed, in bytes.
	maxNamed = 16 << 10
	// maxNotes bounds the lines about what was not looked at.
	maxNotes = 100
	// maxRowRules bounds the rules named in a row of a list.
	maxRowRules = 3
	// maxRuns bounds the earlier runs of a pull request that are listed.
	maxRuns = 50
	// maxPlaces bounds the lockfile lines of a package that are listed.
	maxPlaces = 100
	// maxFact bounds a value of a chain, in characters: the longest are addresses and digests.
	maxFact = 500

	// maxParsed and maxParsedBytes bound the reports that are kept ready: as many as people
	// page through at once, and as much memory as a small server has to spare. A report of
	// 5,000 packages has about 9 MB of JSON, and takes as much again when it is read.
	maxParsed      = 16
	maxParsedBytes = 48 << 20
	// parsers is how many reports may be read at once: a large one needs memory.
	parsers = 2

	// pageTimeout is how long a page may ask the database and GitHub: nobody waits longer.
	pageTimeout = 30 * time.Second
	// minCompressed is what is not worth compressing, in bytes: it fits into one packet.
	minCompressed = 1 << 10
	// jitter is by how much the length of what is compressed varies, in bytes.
	jitter = 64
)
