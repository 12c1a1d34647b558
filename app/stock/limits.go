package stock

// Limits of what is shown, each with its reason.
const (
	// maxListed bounds the packages that a check names: it is read by people, and the page
	// of the inventory has them all.
	maxListed = 50
	// maxDetail bounds what is said about one of them, in characters.
	maxDetail = 300
	// maxName bounds a package's name and version, in characters.
	maxName = 120
)
