package review

// Limits of a review, each with its reason.
const (
	// MaxLockfileBytes bounds one lockfile. The largest real ones are 20 to 30 MB;
	// GitHub hands out blobs up to 100 MB.
	MaxLockfileBytes = 64 << 20
	// MaxLockfiles bounds the changed lockfiles of one pull request. Monorepos keep
	// hundreds; a pull request that changes more is not read by anybody.
	MaxLockfiles = 500
	// MaxSymlinks bounds the steps of resolving one symlink, as Linux does.
	MaxSymlinks = 40
)
