package registry

import "time"

// Limits of talking to a registry, each with its reason.
const (
	// maxVersionDocument bounds /NAME/VERSION, and every single value of a larger
	// document. Ordinary ones have 1 to 5 kB; the largest carry a readme or thousands of
	// dependencies and stay below 1 MiB.
	maxVersionDocument = 2 << 20
	// maxAttestationDocument bounds the attestation document. Real ones have 10 to
	// 15 kB: two bundles. maxAttestations of such bundles fit. It is held until all of them
	// are verified.
	maxAttestationDocument = 512 << 10
	// maxPackument bounds the full document of a package. The largest known ones,
	// with tens of thousands of versions, have about 100 MB; they are streamed and
	// never held.
	maxPackument = 256 << 20
	// ordinaryDocument is what a document takes while it is read before it needs a place
	// among those that take much: a whole one of 64 kB, or a package of some 1,500 versions.
	// largePlaces is how many of these there are in the process. At worst each takes maxKept
	// and 16 MiB for one value, and the others of a host 96 MiB together.
	ordinaryDocument = 512 << 10
	largePlaces      = 2
	maxKept          = 48 << 20
	// valueWeight is what a byte takes of a value that is held as a whole: the shortest
	// members have 6 bytes, and their names stand in an index. nameBytes is what a member
	// of a list of versions takes there, pastBytes a release in a history and timeBytes a
	// time of publication, without their texts and with the growth of their lists.
	valueWeight                     = 8
	nameBytes, pastBytes, timeBytes = 64, 256, 100
	// maxRemembered bounds what the histories take that stay in memory: some 100,000
	// releases, or those of the 500 names that are asked for most. maxUnasked is how long
	// one is used without asking the registry, which itself says five minutes.
	maxRemembered = 32 << 20
	maxUnasked    = 5 * time.Minute
	// maxAttestations bounds the elements of one attestation document; npm's own
	// have two. Each costs a verification of about 2 ms.
	maxAttestations = 32
	// maxSignatures bounds the signatures of one release; npm's have one, or two
	// while keys change. Each costs an ECDSA verification.
	maxSignatures = 16
	// maxIntegrity bounds the integrity of one release: a sha512 has 95 characters, and
	// there are four other algorithms.
	maxIntegrity = 1024
	// maxSpecs bounds the specs of one release that lead out of the registry, and
	// maxBundles the names of what it bundles. Real ones have none or one; npm bundles
	// some 70.
	maxSpecs, maxBundles = 256, 10_000
	// maxVersions bounds the versions of one packument that are kept; the packages
	// with the most versions have about 50,000.
	maxVersions = 100_000
	// maxText bounds a text that is only shown (repository, deprecation, publisher).
	// What is longer is cut.
	maxText = 2048

	// maxKeptRelease and maxKeptHistory bound a document as a Kept keeps it; what is larger
	// is asked for every time. Releases have 1 kB there, a history 100 bytes a release.
	maxKeptRelease = 256 << 10
	maxKeptHistory = 1 << 20
	// keepDocuments is how long a document is kept to be asked about by its ETag. It only
	// lets what nobody uses any more go.
	keepDocuments = 30 * 24 * time.Hour

	// maxName is npm's own limit of a name.
	// https://github.com/npm/validate-npm-package-name
	maxName = 214
	// maxVersion is node-semver's own limit of a version.
	maxVersion = 256

	// maxHeader bounds the headers of an answer; real ones have 1 to 2 kB.
	maxHeader = 64 << 10
	// maxETag bounds an ETag, which is kept beside each document; real ones have about 40
	// bytes. A longer one is taken for none.
	maxETag = 256
	// maxFresh caps what a registry may say of how long its answer stays right. The
	// public one says five minutes.
	maxFresh = time.Hour
	// maxRedirects bounds redirects, which are followed on one host only.
	maxRedirects = 3
	// defaultTimeout bounds one attempt, body included: 30 s are 1 MB/s for the
	// large documents, and far more than the public registry needs for the others.
	defaultTimeout = 30 * time.Second
	// defaultPerHost bounds the requests in flight to one host. Servers take 100 to 250 at a
	// time over HTTP/2; with 128, where it begins, the round trip has stopped being what
	// bounds a thousand packages. npm itself uses 15 to 20.
	defaultPerHost = 192
	beginPerHost   = 128
	// perHostHTTP1 bounds them where each takes a connection of its own.
	perHostHTTP1 = 64
	// leastPlaces are left where a host limits requests, so that the number grows again
	// soon; lessenEvery is how long what one halving changed is waited for.
	leastPlaces = 4
	lessenEvery = time.Second
	// maxUnread bounds what a registry sends of one document before it is read on. With a
	// round trip of 100 ms that is 5 MB/s for each document. Less for all together would let
	// documents that wait for a place stop those that have one.
	maxUnread = 512 << 10
	// silence is how long nothing comes over a connection until it is tried, and again until
	// it counts as broken: both are over before the time for a request is.
	silence = 10 * time.Second
	// retries bounds the further attempts of one request. Long troubles are for the
	// caller to wait out, with evidence unknown meanwhile.
	retries = 2
	// defaultRetryWait and maxRetryWait bound the pause between two attempts.
	defaultRetryWait = 300 * time.Millisecond
	maxRetryWait     = 2 * time.Second
	// maxRetryAfter is how long a Retry-After is waited for here. A longer one ends
	// the request with a *Failure that says how long.
	maxRetryAfter = 5 * time.Second
	// maxStatedWait caps what a registry may ask for in Retry-After.
	maxStatedWait = time.Hour
	// limitedWait is how long a host is left alone that limits requests and does not say
	// for how long; it doubles, up to maxOpen, while it goes on.
	limitedWait = 10 * time.Second
	// failuresToOpen in a row, and no answer between them, mean that a host is down. With
	// a hundred requests in flight some slow ones are ordinary.
	failuresToOpen = 10
	// firstOpen is how long a host that is down is left alone at first; it doubles up to
	// maxOpen with every time that it is still down.
	firstOpen = time.Second
	maxOpen   = 5 * time.Minute
	// dialTimeout bounds the connection with its TLS handshake.
	dialTimeout = 10 * time.Second
)

// For how long a document that may change is used without asking whether it did.
const (
	// FreshInRun is for the command line: as long as a trust root is, which is renewed daily.
	// A lockfile that did not change costs no request that day. Whoever wants to know more
	// exactly turns what is kept off.
	FreshInRun = 24 * time.Hour
	// FreshOnServer is for a server: what the public registry itself allows (max-age=300).
	// The next pull request for the same release comes within minutes, from another
	// repository; what people wait for (a deprecation, an attestation on its way) is not
	// late. What is looked at nightly is asked for anyway.
	FreshOnServer = 5 * time.Minute
)

// firstPublication is older than everything in the npm registry. A date before it
// (1970, or the 1985 that npm writes into tarballs) is not a publication date.
var firstPublication = time.Date(2009, time.September, 1, 0, 0, 0, 0, time.UTC)
