// Helm renders the chart with Helm's own engine and holds what comes out against the types
// of Kubernetes. It is a module of its own: the product needs none of what it needs.
//
//	helm lint DIR [VALUES.yaml]       what helm lint --strict says
//	helm template DIR [VALUES.yaml]   what helm template prints
//	helm check                        reads manifests from standard input, of any helm template
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	if len(args) == 1 && args[0] == "check" {
		objects, err := decode(in)
		if err != nil {
			return err
		}
		if err := hold(objects); err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%d objects are what Kubernetes takes, and as they must be\n", len(objects))
		return err
	}
	if len(args) < 2 || len(args) > 3 {
		return errors.New("usage: helm lint|template DIR [VALUES.yaml], or helm check")
	}
	values := map[string]any{}
	if len(args) == 3 {
		var err error
		if values, err = readValues(args[2]); err != nil {
			return err
		}
	}
	switch args[0] {
	case "lint":
		return lintStrict(args[1], values)
	case "template":
		manifests, err := render(args[1], "bonafide", values)
		if err != nil {
			return err
		}
		_, err = io.WriteString(out, manifests)
		return err
	}
	return fmt.Errorf("%q is neither lint, template nor check", args[0])
}
