package config

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/rs/zerolog"
)

// redacted is what a secret shows of itself.
const redacted = "[redacted]"

// Secret is a value that is never shown: printing, marshalling and logging it give
// "[redacted]". Reveal is the one way to it.
type Secret struct {
	// A pointer, because fmt shows an unexported field of another struct without asking it.
	value *string
}

// NewSecret wraps a value.
func NewSecret(value string) Secret { return Secret{&value} }

// Reveal gives the value, for the one place that needs it.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Empty says that there is no value.
func (s Secret) Empty() bool { return s.Reveal() == "" }

func (s Secret) String() string { return redacted }

// GoString covers %#v.
func (s Secret) GoString() string { return redacted }

// Format covers every verb, %x and %d too.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText and MarshalJSON keep it out of every encoding.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON is like MarshalText.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalZerologObject keeps it out of the log where it is logged as an object.
func (s Secret) MarshalZerologObject(e *zerolog.Event) { e.Str("secret", redacted) }

// LogValue keeps it out of log/slog, whatever its handler does.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// UnmarshalText takes the value from a flag or the environment.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}
