package audit

const (
	// maxText bounds a field: GitHub's names have 100 characters, a reason is a sentence.
	maxText = 1_000
	// maxRules bounds the rules of a verdict. There are some thirty.
	maxRules = 64
	// maxWaiting is how many lines wait for a disk that is slow, about 500 kB. What comes on top
	// is lost and said to be.
	maxWaiting = 1_024
)
