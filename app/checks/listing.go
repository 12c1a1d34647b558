package checks

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/bonafide-app/bonafide/app/review"
)

// treeAnswer reads an answer of the trees API entry by entry: as a whole it may have
// 35 MB, and its entries take a third of that.
type treeAnswer struct {
	room *review.Room // that the entries are taken from

	sha     string
	listed  bool // there was a list
	listing listing
	cost    int
}

// ReadFrom implements io.ReaderFrom.
func (t *treeAnswer) ReadFrom(r io.Reader) (int64, error) {
	dec := json.NewDecoder(r)
	err := t.read(dec)
	if errors.Is(err, io.EOF) { // an answer that ends too soon
		err = io.ErrUnexpectedEOF
	}
	return dec.InputOffset(), err
}

func (t *treeAnswer) read(dec *json.Decoder) error {
	if err := delimiter(dec, '{'); err != nil {
		return err
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		switch name {
		case "sha":
			err = dec.Decode(&t.sha)
		case "truncated":
			err = dec.Decode(&t.listing.truncated)
		case "tree":
			err = t.entries(dec)
		default:
			err = dec.Decode(new(json.RawMessage))
		}
		if err != nil {
			return err
		}
	}
	return delimiter(dec, '}')
}

func (t *treeAnswer) entries(dec *json.Decoder) error {
	if err := delimiter(dec, '['); err != nil {
		return err
	}
	t.listed = true
	for dec.More() {
		var e struct {
			Path string `json:"path"`
			Mode string `json:"mode"`
			SHA  string `json:"sha"`
			Size *int64 `json:"size"`
		}
		if err := dec.Decode(&e); err != nil {
			return err
		}
		kind, ok := kindOf(e.Mode)
		if !ok || e.Path == "" || needSHA(e.SHA) != nil {
			return &oddTree{fmt.Sprintf("%.200q has the mode %.20q and the id %.80q, which git does not know", e.Path, e.Mode, e.SHA)}
		}
		if err := t.room.Take(review.ListedBytes); err != nil {
			return err
		}
		size := int64(-1)
		if e.Size != nil {
			size = *e.Size
		}
		t.listing.entries = append(t.listing.entries, review.TreeEntry{Path: e.Path, Kind: kind, ID: e.SHA, Size: size})
		t.cost += len(e.Path) + len(e.SHA) + 64
	}
	return delimiter(dec, ']')
}

// oddTree is a tree that git could not have made.
type oddTree struct{ what string }

func (e *oddTree) Error() string { return e.what }

func delimiter(dec *json.Decoder, want json.Delim) error {
	token, err := dec.Token()
	if err == nil && token != want {
		err = fmt.Errorf("the JSON is of another shape: no %q at byte %d", want.String(), dec.InputOffset())
	}
	return err
}
