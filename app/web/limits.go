package web

import "time"

// Limits of repositories', organisations' and home pages, each with its reason.
const (
	// pageRows bounds one page of a list: what a person looks through, and far below the
	// weight that a slow line feels.
	pageRows = 100
	// maxPage bounds how far a list can be paged: nobody reads that far, and each page costs
	// the database as much as all before it.
	maxPage = 1_000
	// maxRecent bounds what came and went lately on a repository's page: the history has all.
	maxRecent = 10
	// maxNews bounds the news of a page. Beyond that something is wrong with all of them.
	maxNews = 100
	// maxPulls bounds the open pull requests that are asked for; as many as a repository has
	// that is still looked after.
	maxPulls = 300
	// maxAccepted bounds what was accepted on the open pull requests of a repository.
	maxAccepted = 300
	// maxExceptions bounds the exceptions that are listed.
	maxExceptions = 300
	// maxReadable is how many repositories GitHub is asked to list for a person at most.
	maxReadable = 5_000
	// maxOwners bounds the owners that are looked up for the home page: one query each.
	maxOwners = 100
	// maxHomeRows bounds the repositories of the home page; each owner's page has the rest.
	maxHomeRows = 50
	// maxUses bounds where a package is asked to be used, before what may not be seen is left
	// out: twice as many as an owner with 5,000 repositories has of the most common package.
	maxUses = 50_000
	// maxAsked bounds a package that is asked for: the longest name and the longest version.
	maxAsked = 500
	// maxShown bounds a name, a version or a path, in characters, as in a report.
	maxShown = 120
	// maxSaid bounds a reason or a detail, in characters.
	maxSaid = 300

	// chartSpan is how far back a repository's chart goes: a year shows every season of work.
	chartSpan = 366 * 24 * time.Hour
	// trendSpan is how far back coverage is compared.
	trendSpan = 30 * 24 * time.Hour
	// soon is how long before its end an exception is marked: time to mend it in.
	soon = 14 * 24 * time.Hour
)
