package publish

// Limits of what is read, each with its reason. What is beyond them is named in
// Report.Unread.
const (
	// maxFiles bounds how many files are read. The largest repositories known have some
	// thousand manifests.
	maxFiles = 10_000
	// maxAllBytes bounds all files together: the largest repositories known have some 50 MB of
	// them.
	maxAllBytes = 256 << 20
	// maxFileBytes bounds one file. GitHub's largest workflows have some 100 kB.
	maxFileBytes = 1 << 20
	// maxDepth bounds the nesting of a file. Workflows need a dozen levels.
	maxDepth = 64
	// maxNodes bounds the nodes of one file, each counted as often as an alias names it:
	// anchors multiply.
	maxNodes = 200_000
	// maxUnread bounds the list of what was not read.
	maxUnread = 500
	// maxWays bounds the list of ways: every one is judged by every rule.
	maxWays = 1000
	// maxExpanded bounds the bytes of the texts of one file, each counted as often as an
	// alias names it.
	maxExpanded = 4 << 20
	// maxTriggers bounds the events of one workflow. GitHub has some forty.
	maxTriggers = 100
	// maxMatrix bounds the values of a matrix that is followed; GitHub runs no more jobs.
	maxMatrix = 256
	// maxSteps bounds the jobs and steps that are walked in all, those of a called workflow
	// counted for each caller.
	maxSteps = 100_000
	// maxCalls bounds how deep workflows call workflows, and actions use actions. GitHub
	// allows ten levels.
	maxCalls = 10
	// maxScripts bounds how deep a script of package.json runs another.
	maxScripts = 8
	// maxCommands bounds the commands that one step runs, those of scripts included.
	maxCommands = 2000
	// maxWork bounds what is read of scripts in all, in bytes, those that are followed again
	// and again counted each time; a command, a step before a way and a package that is
	// looked at count as some, too. It is about a second's work, and more than the largest repositories have.
	maxWork = 64 << 20
	// maxSet bounds the variables and settings that a script sets, those that the steps of a
	// job write for those after them, and the inputs of a workflow that are followed.
	maxSet = 1000
	// maxScriptBytes bounds a script that is divided into words.
	maxScriptBytes = 128 << 10
	// maxParameter bounds the bytes of one ${…} of a shell.
	maxParameter = 4 << 10
	// maxShellDepth bounds how deep one command stands in another.
	maxShellDepth = 8
	// maxValues bounds the values that an expression is followed to.
	maxValues = 64
	// maxPackages bounds the package names of one way.
	maxPackages = 200
	// maxCondition bounds the bytes of an expression that is evaluated; GitHub takes no
	// longer ones.
	maxCondition = 21_000
	// maxConditions bounds the jobs whose conditions hold for one that waits for them.
	maxConditions = 256
	// maxIntrusions bounds the steps by which outsiders run what they wrote; one is enough.
	maxIntrusions = 16
	// maxLooked bounds the steps of a job, those of local actions included, that are looked at
	// for caches of what it hands over, and maxRestored the caches: a few are usual.
	maxLooked, maxRestored = 2000, 16
	// maxFindings bounds the findings of one report; more than people read at once.
	maxFindings = 500
	// maxName bounds, in bytes, a name in the list of ways. What is longer ends in "…".
	maxName = 1000
	// maxEdited bounds the bytes of a line that is mended; longer ones nobody reads.
	maxEdited = 4 << 10
	// maxGlobWork bounds the globs of a workspace times the names of its folders, in bytes:
	// what comparing them costs.
	maxGlobWork = 256 << 20
	// maxQuoted bounds, in characters, what a sentence quotes of a file.
	maxQuoted = 80
)
