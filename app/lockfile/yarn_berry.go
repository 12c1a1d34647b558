package lockfile

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/bonafide-app/bonafide/app/dep"
)

// yarnBerry is a yarn.lock of yarn 2 or later while it is read: a mapping from what is
// asked for to what was found. Yarn installs what the resolution says.
//
//	"a@npm:^1.0.0, b@npm:a@^1.1.0":
//	  version: 1.1.0
//	  resolution: "a@npm:1.1.0"
//	  dependencies:
//	    c: "npm:^2.0.0"
//	  checksum: 10c0/0123…
//	  languageName: node
//	  linkType: hard
type yarnBerry struct {
	yamlReader
	version  string // of the metadata, as written
	cacheKey string // of the metadata, "" where it states none
	blocks   []berryBlock
	specs    []dep.Spec
	patterns map[berryPattern]int // the block that each is found by
	patched  map[berryPattern]int // the block that yarn's own patch makes of what is found by it
	askers   map[string]int       // the locators that a pattern is bound to, from 1
}

// berryPattern is one of the things that are asked for in a key.
type berryPattern struct {
	name, asked string
	asker       int // what is in a folder is found for one locator alone; 0 for all
}

// berryBlock is one member of the file.
type berryBlock struct {
	key         string
	line        int
	version     string
	found       yarnLocator // the resolution
	checksum    string
	conditional bool // installed on some platforms alone: yarn then leaves the checksum out
	soft        bool // linked, not copied
	specs       span
}

// berryOldest is the first version of the metadata that yarn trusts in what it says
// was found: those before are of yarn 2's release candidates.
const berryOldest = 4

func parseYarnBerry(f file) ([]dep.Entry, error) {
	y := yarnBerry{patterns: map[berryPattern]int{}, patched: map[berryPattern]int{}, askers: map[string]int{}}
	y.yamlReader = yamlReader{file: f, again: yarnAgain, deep: func(string) bool { return false }, visit: y.visitMember}
	if _, err := y.read(); err != nil {
		return nil, err
	}
	if y.version == "" {
		return nil, y.fail(UnsupportedVersion, 0, "the file has no version in its __metadata")
	}
	return y.entries()
}

func (y *yarnBerry) visitMember(m yamlMember) error {
	switch {
	case m.document > 0:
		return y.fail(Malformed, m.line, "the file has several YAML documents")
	case m.key == "__metadata":
		return y.readMetadata(m.value)
	case len(y.blocks) == MaxEntries:
		return y.tooMany(m.line, MaxEntries, "entries")
	}
	b := berryBlock{key: m.key, line: m.line}
	b.specs.from = len(y.specs)
	if err := y.readBlock(&b, m.value); err != nil {
		return err
	}
	b.specs.to = len(y.specs)
	for pattern := range strings.SplitSeq(b.key, ",") {
		if err := y.addPattern(strings.Trim(pattern, " "), b.line); err != nil {
			return err
		}
	}
	y.blocks = append(y.blocks, b)
	return nil
}

func (y *yarnBerry) readMetadata(n *yaml.Node) error {
	return y.each(n, func(key, value *yaml.Node) (err error) {
		switch key.Value {
		case "version":
		case "cacheKey":
			y.cacheKey, err = y.text(value)
			return err
		default:
			return nil
		}
		if y.version, err = y.text(value); err != nil {
			return err
		}
		if v, err := strconv.ParseUint(y.version, 10, 16); err != nil || v < berryOldest || y.version != strconv.FormatUint(v, 10) {
			return y.fail(UnsupportedVersion, value.Line, "the version in __metadata is %s, and those from %d on are read", quote(y.version), berryOldest)
		}
		return nil
	})
}

// addPattern adds one of the things that the block that comes next is found by.
func (y *yarnBerry) addPattern(text string, line int) error {
	var p berryPattern
	var ok bool
	if p.name, p.asked, ok = cutName(text); !ok {
		return y.fail(Malformed, line, "%s stands where a name with a range belongs", quote(text))
	}
	if asked, asker, bound := strings.Cut(p.asked, "::locator="); bound {
		asker, err := url.QueryUnescape(asker)
		if err != nil {
			return y.fail(Malformed, line, "%s is bound to a package in a way that cannot be read", quote(text))
		}
		if y.askers[asker] == 0 {
			y.askers[asker] = len(y.askers) + 1
		}
		p.asked, p.asker = asked, y.askers[asker]
	}
	if _, twice := y.patterns[p]; twice {
		return y.fail(DuplicateKey, line, "%s stands twice, and readers disagree about which one counts", quote(text))
	}
	if len(y.patterns) == MaxSpecs {
		return y.tooMany(line, MaxSpecs, "ranges")
	}
	y.patterns[p] = len(y.blocks)
	if !strings.HasPrefix(p.asked, "patch:") {
		return nil
	}
	// Yarn applies its own patches by itself to what asks for the package.
	source, patch, ok := yarnLocator{reference: p.asked}.unpatch()
	if ok && IsYarnsOwnPatch(withoutFlags(patch)) {
		y.patched[berryPattern{source.name, source.reference, 0}] = len(y.blocks)
	}
	return nil
}

func (y *yarnBerry) readBlock(b *berryBlock, n *yaml.Node) error {
	optional := map[string]bool(nil) // of the dependencies
	err := y.each(n, func(key, value *yaml.Node) (err error) {
		// Yarn 1 can read such a file, too, if it is made for that: it would fetch what is
		// resolved, and takes "x, resolved" for two fields.
		if key.Value == "resolved" || strings.ContainsAny(key.Value, ", ") {
			return y.fail(Malformed, key.Line, "%s has the field %s, which only yarn 1 would understand", quote(b.key), quote(key.Value))
		}
		switch key.Value {
		case "version":
			b.version, err = y.text(value)
		case "resolution":
			err = y.readResolution(b, value)
		case "checksum":
			if b.checksum, err = y.text(value); err == nil {
				err = checkYarnIntegrity(y.file, value.Line, b.checksum)
			}
		case "conditions":
			var conditions string
			conditions, err = y.text(value)
			b.conditional = conditions != ""
		case "linkType":
			err = y.readLinkType(b, value)
		case "dependencies":
			err = y.readSpecs(value, dep.Prod)
		case "optionalDependencies":
			err = y.readSpecs(value, dep.Optional)
		case "peerDependencies":
			err = y.readSpecs(value, dep.Peer)
		case "dependenciesMeta":
			optional, err = y.readOptional(value)
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case b.found.name == "":
		return y.fail(Malformed, b.line, "%s has no resolution", quote(b.key))
	}
	for i := range y.specs[b.specs.from:] {
		if s := &y.specs[b.specs.from+i]; s.Kind == dep.Prod && optional[s.Name] {
			s.Kind = dep.Optional
		}
	}
	return nil
}

func (y *yarnBerry) readResolution(b *berryBlock, n *yaml.Node) error {
	text, err := y.text(n)
	if err != nil {
		return err
	}
	var ok bool
	b.found.name, b.found.reference, ok = cutName(text)
	if protocol, _ := b.found.protocol(); !ok || protocol == "virtual:" {
		return y.fail(Malformed, n.Line, "the resolution %s is not of a package that can be locked", quote(text))
	}
	return nil
}

func (y *yarnBerry) readLinkType(b *berryBlock, n *yaml.Node) error {
	kind, err := y.text(n)
	if err == nil && kind != "hard" && kind != "soft" {
		err = y.fail(Malformed, n.Line, "linkType is %s where hard or soft belongs", quote(kind))
	}
	b.soft = kind == "soft"
	return err
}

func (y *yarnBerry) readSpecs(n *yaml.Node, kind dep.Scope) error {
	return y.each(n, func(key, value *yaml.Node) error {
		asked, err := y.text(value)
		if err != nil {
			return err
		}
		if len(y.specs) == MaxSpecs {
			return y.tooMany(key.Line, MaxSpecs, "dependency specs")
		}
		y.specs = append(y.specs, dep.Spec{Name: y.word(key.Value), Range: y.word(asked), Kind: kind})
		return nil
	})
}

// readOptional reads which dependencies are optional.
func (y *yarnBerry) readOptional(n *yaml.Node) (map[string]bool, error) {
	optional := map[string]bool{}
	err := y.each(n, func(name, meta *yaml.Node) error {
		return y.each(meta, func(key, value *yaml.Node) error {
			if key.Value == "optional" && value.Value == "true" {
				optional[name.Value] = true
			}
			return nil
		})
	})
	return optional, err
}

// entries turns the blocks into entries, in the order of the file.
func (y *yarnBerry) entries() ([]dep.Entry, error) {
	var broken error
	out := make([]dep.Entry, 0, len(y.blocks))
	made := make([]int, len(y.blocks)) // the first entry of each block; -1 for own code
	folders := map[int]string{}        // of the blocks that are own code
	unpatched := y.unpatched()
	for i := range y.blocks {
		b := &y.blocks[i]
		if folder, own := b.found.ownFolder(y.name); own {
			made[i], folders[i] = ofWorkspace, folder
			continue
		}
		e, err := y.entry(b)
		if err != nil {
			return nil, err
		}
		made[i] = len(out)
		out = append(out, e)
		if !y.sourceStands(b, unpatched) {
			source, _, _ := b.found.unpatchAll()
			out = append(out, y.behindPatch(b, source))
			if broken == nil {
				broken = y.fail(Inconsistent, b.line, "%s is patched, and what yarn fetches for it, %s, does not stand in the file itself", quote(e.Package.ID()), quote(source.name+"@"+source.reference))
			}
		}
		switch protocol, _ := b.found.protocol(); {
		case e.Package.Version != b.version:
			if broken == nil {
				broken = y.fail(Inconsistent, b.line, "the resolution says %s, and the version beside it is %s", quote(e.Package.ID()), quote(b.version))
			}
			e.Package.Version = b.version
			out = append(out, e)
		case b.soft && protocol != "workspace:" && protocol != "link:" && protocol != "portal:" && broken == nil:
			broken = y.fail(Inconsistent, b.line, "%s is marked as a link to a folder and yet is to be fetched", quote(e.Package.ID()))
		}
	}
	if len(out) > MaxEntries {
		return nil, y.tooMany(0, MaxEntries, "entries")
	}
	y.link(out, made, folders)
	return out, broken
}

// unpatched are the locators that stand in the file, where anything is patched.
func (y *yarnBerry) unpatched() map[yarnLocator]bool {
	if !slices.ContainsFunc(y.blocks, func(b berryBlock) bool { return strings.HasPrefix(b.found.reference, "patch:") }) {
		return nil
	}
	stand := make(map[yarnLocator]bool, len(y.blocks))
	for i := range y.blocks {
		stand[y.blocks[i].found] = true
	}
	return stand
}

// sourceStands says whether the locator that a block patches stands in the file, as yarn
// writes it. It is fetched by the block that patches it, not by its own.
func (y *yarnBerry) sourceStands(b *berryBlock, stand map[yarnLocator]bool) bool {
	if !strings.HasPrefix(b.found.reference, "patch:") {
		return true
	}
	source, _, _ := b.found.unpatch()
	return stand[source]
}

// behindPatch is the entry of a locator that a block patches and that has no block.
func (y *yarnBerry) behindPatch(b *berryBlock, source yarnLocator) dep.Entry {
	e := dep.Entry{Package: dep.Package{Ecosystem: dep.NPM, Name: source.name, Version: b.version},
		Lockfile: y.name, Location: b.key, Line: b.line, Scope: dep.Prod, Unsaid: berryUnsaid}
	archive, _ := source.parameter("__archiveUrl")
	if protocol, rest := source.protocol(); protocol == "npm:" || protocol == "jsr:" {
		e.Package.Version, e.Resolved = rest, archive
		e.Source = classify(archive, e.Package)
	} else {
		e.Resolved, e.Source = source.reference, source.source(e.Package)
	}
	return e
}

// berryUnsaid is what berry does not keep. Its checksum is of its own archive.
const berryUnsaid = dep.FactDigest | dep.FactScope | dep.FactBundled | dep.FactInstallScript

func (y *yarnBerry) entry(b *berryBlock) (dep.Entry, error) {
	specs := y.specs[b.specs.from:b.specs.to:b.specs.to]
	e := dep.Entry{
		Lockfile: y.name, Location: b.key, Line: b.line, Integrity: b.checksum, Scope: dep.Prod, Dependencies: specs, Unsaid: berryUnsaid,
	}
	source, patch, ok := b.found.unpatchAll()
	if !ok {
		return e, y.fail(Malformed, b.line, "the resolution is patched in a way that cannot be read")
	}
	e.Package = dep.Package{Ecosystem: dep.NPM, Name: source.name, Version: b.version}
	archive, ok := source.parameter("__archiveUrl")
	if !ok {
		return e, y.fail(Malformed, b.line, "the resolution has parameters that cannot be read")
	}
	switch protocol, rest := source.protocol(); {
	case protocol == "jsr:" && archive == "":
		e.Package.Ecosystem, e.Package.Version, e.Source = dep.JSR, rest, dep.Registry
	case protocol == "npm:" || protocol == "jsr:":
		e.Package.Version, e.Resolved = rest, archive
		e.Source = classify(archive, e.Package)
	default:
		if e.Source, e.Resolved, ok = source.fetched(e.Package); !ok {
			return e, y.fail(Malformed, b.line, "the resolution has an address that cannot be read")
		}
	}
	if strings.HasPrefix(b.found.reference, "patch:") {
		e.Source, e.Resolved, e.Patch = dep.Patch, b.found.reference, patch
	}
	y.setAlias(&e, b, source)
	// The checksum of what JSR gives stands beside the npm package that it is fetched as.
	if e.OwnDigest = b.checksum != "" || b.conditional || e.Package.Ecosystem == dep.JSR; b.checksum != "" && !isBerryChecksum(b.checksum) {
		e.IntegrityError = "not a checksum of yarn's: " + quote(b.checksum)
	}
	if e.OwnDigest && e.Package.Ecosystem == dep.NPM {
		e.OwnDigestKey = y.cacheKey
	}
	return e, nil
}

// setAlias finds the name that a package is installed under, where that is not its
// own: one that nobody asks for it by goes before.
func (y *yarnBerry) setAlias(e *dep.Entry, b *berryBlock, found yarnLocator) {
	for pattern := range strings.SplitSeq(b.key, ",") {
		as, asked, _ := cutName(strings.Trim(pattern, " "))
		if as == found.name {
			continue
		}
		unasked := !found.asksFor(asked)
		if e.Alias == "" || unasked {
			e.Alias, e.AliasUnasked = as, unasked
		}
		if unasked {
			return
		}
	}
}

// isBerryChecksum says whether a text is a sha512 in hexadecimal digits, behind the
// key of the cache that it is for: "10c0/0123…". Before yarn 4 there was no key.
func isBerryChecksum(checksum string) bool {
	key, sum, keyed := strings.Cut(checksum, "/")
	if !keyed {
		key, sum = "0", checksum
	}
	return key != "" && strings.Trim(key, "0123456789abcdefghijklmnopqrstuvwxyz") == "" && len(sum) == 128 && strings.Trim(sum, "0123456789abcdef") == ""
}

// link resolves what the blocks ask for.
func (y *yarnBerry) link(entries []dep.Entry, made []int, folders map[int]string) {
	g := graph{entries: entries}
	overridden := map[string]bool{} // what a workspace asks for and is not found by
	for i := range y.blocks {
		b := &y.blocks[i]
		asker := y.askers[b.found.name+"@"+b.found.reference]
		for _, s := range y.specs[b.specs.from:b.specs.to] {
			if s.Kind == dep.Peer {
				continue // whoever asks for b gives it
			}
			found := y.find(s, asker)
			if len(found) == 0 && made[i] == ofWorkspace {
				overridden[s.Name] = true
			}
			for _, block := range found {
				if to := made[block]; to >= 0 {
					g.edges = append(g.edges, edge{from: made[i], workspace: folders[i], as: s.Name, to: to, kind: s.Kind})
				}
			}
		}
	}
	g.resolve()
	// The root's package.json overrides what is asked for. Then it is not known who asks.
	for i := range entries {
		e := &entries[i]
		if !e.Direct && (len(e.Places) == 0 || overridden[e.Package.Name] || overridden[e.Alias]) {
			e.Unsaid |= dep.FactDirect
		}
	}
}

// find is what is given to who asks: up to two blocks, the package and yarn's own
// patch of it. Before yarn 4 the protocol of a range was left out.
func (y *yarnBerry) find(s dep.Spec, asker int) (found []int) {
	patterns := []berryPattern{{s.Name, s.Range, 0}}
	switch {
	case !strings.Contains(s.Range, ":"):
		patterns = append(patterns, berryPattern{s.Name, "npm:" + s.Range, 0})
	case asker > 0:
		patterns = append(patterns, berryPattern{s.Name, s.Range, asker})
	}
	for _, blocks := range []map[berryPattern]int{y.patterns, y.patched} {
		for _, p := range patterns {
			if at, ok := blocks[p]; ok {
				found = append(found, at)
				break
			}
		}
	}
	return found
}
