package report

import (
	"fmt"
	"html"
	"strings"
)

// Tone is what a badge's colour says beside its words.
type Tone string

// The tones of a badge.
const (
	ToneNone  Tone = "none"  // there is nothing to tell
	ToneKnown Tone = "known" // the value is a fact; whether it is good is not for a badge to say
)

// Badge is a small picture (SVG, 20 pixels high) of a label and its value: "provenance",
// "10% of 971". What is too long is cut.
func Badge(label, value string, tone Tone) []byte {
	label, value = Visible(clip(label, MaxBadgeChars)), Visible(clip(value, MaxBadgeChars))
	left, right := textWidth(label), textWidth(value)
	split, width := left+2*badgePad, left+right+4*badgePad
	color := "#5c5c5c"
	if tone == ToneKnown {
		color = "#0b5cad"
	}
	name := html.EscapeString(label + ": " + value)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="20" role="img" aria-label="%s"><title>%s</title>`, width, name, name)
	fmt.Fprintf(&b, `<rect width="%d" height="20" rx="3" fill="%s"/><path d="M3 0H%dV20H3A3 3 0 0 1 0 17V3A3 3 0 0 1 3 0Z" fill="#3b3b3b"/>`, width, color, split)
	b.WriteString(`<g fill="#fff" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11">`)
	for _, t := range []struct {
		x, width int
		text     string
	}{{badgePad, left, label}, {split + badgePad, right, value}} {
		if t.text != "" { // as wide as was counted, whatever the font
			fmt.Fprintf(&b, `<text x="%d" y="14" textLength="%d" lengthAdjust="spacingAndGlyphs">%s</text>`, t.x, t.width, html.EscapeString(t.text))
		}
	}
	b.WriteString("</g></svg>\n")
	return []byte(b.String())
}

// badgePad is the room on each side of a text, in pixels.
const badgePad = 6

// textWidth is about how wide a text of 11 pixels is, in pixels.
func textWidth(s string) int {
	tenths := 0
	for _, r := range s {
		switch {
		case strings.ContainsRune("ijlI'|.,:; ", r):
			tenths += 36
		case strings.ContainsRune("ftr-/()[]!\"`", r):
			tenths += 47
		case strings.ContainsRune("mwMWQ@%", r):
			tenths += 100
		case r >= 'A' && r <= 'Z', strings.ContainsRune("<>+=#~_&$", r):
			tenths += 80
		case r > 0x2E80: // of scripts that are written in squares
			tenths += 110
		default:
			tenths += 68
		}
	}
	return (tenths + 9) / 10
}

// Percent is a part of a whole in whole percent: "10%", and never 0% of something or 100%
// of not everything.
func Percent(part, whole int) string {
	switch {
	case whole <= 0 || part <= 0:
		return "0%"
	case part >= whole:
		return "100%"
	case part*100 < whole:
		return "<1%"
	case part*100 > whole*99:
		return ">99%"
	}
	return fmt.Sprintf("%d%%", (part*100+whole/2)/whole)
}
