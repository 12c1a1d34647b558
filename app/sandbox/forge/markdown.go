package forge

import (
	"bytes"
	"html/template"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// markdown renders GitHub's Markdown. Of raw HTML it keeps a few tags without
// attributes, as GitHub's sanitizer keeps more; goldmark itself refuses addresses
// that would run anything.
func markdown(text string, hardWraps bool) template.HTML {
	options := []renderer.Option{renderer.WithNodeRenderers(util.Prioritized(rawHTML{}, 100))}
	if hardWraps {
		options = append(options, html.WithHardWraps())
	}
	var out bytes.Buffer
	if err := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(options...)).Convert([]byte(text), &out); err != nil {
		return template.HTML("<pre>" + template.HTMLEscapeString(text) + "</pre>")
	}
	return template.HTML(out.String())
}

// rawHTML renders the HTML inside Markdown.
type rawHTML struct{}

func (rawHTML) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindHTMLBlock, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			block := n.(*ast.HTMLBlock)
			raw := string(block.Lines().Value(source))
			if block.HasClosure() {
				raw += string(block.ClosureLine.Value(source))
			}
			_, err := w.WriteString(sanitize(raw))
			return ast.WalkContinue, err
		}
		return ast.WalkContinue, nil
	})
	r.Register(ast.KindRawHTML, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			_, err := w.WriteString(sanitize(string(n.(*ast.RawHTML).Segments.Value(source))))
			return ast.WalkSkipChildren, err
		}
		return ast.WalkContinue, nil
	})
}

var (
	tagOrComment = regexp.MustCompile(`(?s)<!--.*?-->|</?[A-Za-z][A-Za-z0-9-]*[^<>]*>|[<>]`)
	tagName      = regexp.MustCompile(`^</?([A-Za-z][A-Za-z0-9-]*)`)
	keptTags     = regexp.MustCompile(`^(?i:details|summary|br|sub|sup|kbd|b|i|em|strong|code|ins|del)$`)
)

// sanitize keeps the tags of keptTags, without attributes, and no other.
func sanitize(raw string) string {
	return tagOrComment.ReplaceAllStringFunc(raw, func(found string) string {
		switch {
		case found == "<":
			return "&lt;"
		case found == ">":
			return "&gt;"
		case strings.HasPrefix(found, "<!--"):
			return ""
		}
		name := tagName.FindStringSubmatch(found)[1]
		if !keptTags.MatchString(name) {
			return ""
		}
		if strings.HasPrefix(found, "</") {
			return "</" + strings.ToLower(name) + ">"
		}
		return "<" + strings.ToLower(name) + ">"
	})
}
