package main

import (
	"encoding/base64"
	"fmt"
	"io"

	"github.com/bonafide-app/bonafide/config"
)

// printed writes the commands that store a set elsewhere. Secrets go through standard
// input: in arguments every process of the machine could read them.
func printed(w io.Writer, where string, r config.Registration) error {
	files, err := r.Files()
	if err != nil {
		return err
	}
	p := &printer{w: w}
	switch where {
	case "kubernetes":
		p.printf("kubectl apply -f - <<'END'\napiVersion: v1\nkind: Secret\nmetadata:\n  name: bonafide-credentials\ntype: Opaque\ndata:\n")
		for _, f := range files {
			p.printf("  %s: %s\n", f.Name, encoded(f))
		}
		p.printf("END\n\n# In the pod: mount the secret bonafide-credentials as a folder, and set\n#   BONAFIDE_CREDENTIALS=/that/folder\n")
	case "systemd":
		p.printf("install -d -m 0700 /etc/credstore.encrypted\n")
		for _, f := range files {
			p.printf("base64 -d <<'END' | systemd-creds encrypt --name=%s - /etc/credstore.encrypted/bonafide.%[1]s\n%s\nEND\n", f.Name, encoded(f))
		}
		p.printf("\n# In the unit, below [Service]:\n")
		for _, f := range files {
			p.printf("#   LoadCredentialEncrypted=%s:/etc/credstore.encrypted/bonafide.%[1]s\n", f.Name)
		}
	default:
		return fmt.Errorf("there are no commands for %q", where)
	}
	return p.err
}

func encoded(f config.SecretFile) string {
	return base64.StdEncoding.EncodeToString([]byte(f.Content.Reveal()))
}
