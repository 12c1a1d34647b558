package config

import (
	"bytes"
	"cmp"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// minKeyBits is what GitHub's own keys have.
const minKeyBits = 2048

// keyTodo is the way out that always is.
const keyTodo = "use the .pem file that GitHub gave you for the App, --private-key-file KEY.pem"

// rsaKey holds a key against what signs App tokens. file is where it was read, "" where it
// was in no file of its own. The error never quotes it.
func rsaKey(key Secret, file string) (Secret, error) {
	text := key.Reveal()
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, `\n`, "\n") // as some platforms keep several lines in a variable
	}
	block, rest := pem.Decode([]byte(text))
	if block == nil {
		return Secret{}, errors.New("the App's private key is not PEM: " + keyTodo)
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		return Secret{}, errors.New("the App's private key has something behind it: " + keyTodo + ", with nothing else in it")
	}
	if err := otherKind(block, cmp.Or(file, "KEY.pem")); err != nil {
		return Secret{}, err
	}
	var parsed any
	var err error
	if block.Type == "RSA PRIVATE KEY" {
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	} else {
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return Secret{}, errors.New("the App's private key does not parse: " + keyTodo)
	}
	private, isRSA := parsed.(*rsa.PrivateKey)
	switch {
	case !isRSA:
		return Secret{}, errors.New("the App's private key is not an RSA key: " + keyTodo)
	case private.N.BitLen() < minKeyBits:
		return Secret{}, fmt.Errorf("the App's private key has only %d bits: %s", private.N.BitLen(), keyTodo)
	}
	return NewSecret(text), nil
}

// otherKind refuses PEM that is something else than a key that can be used as it is, with
// the command that makes one of it where there is one.
func otherKind(block *pem.Block, file string) error {
	switch {
	case strings.HasSuffix(block.Type, "PUBLIC KEY"):
		return errors.New("what is given as the App's private key is a public key, which signs nothing: " + keyTodo)
	case strings.HasSuffix(block.Type, "CERTIFICATE"):
		return errors.New("what is given as the App's private key is a certificate, which signs nothing: " + keyTodo)
	case block.Type == "OPENSSH PRIVATE KEY":
		return fmt.Errorf("the App's private key is in the format of OpenSSH: if it is the one that GitHub gave, write it as PEM again: `ssh-keygen -p -m PEM -f %s`; else %s", asWord(file), keyTodo)
	case block.Type == "ENCRYPTED PRIVATE KEY", block.Headers["DEK-Info"] != "":
		return fmt.Errorf("the App's private key is encrypted, and nobody is there to type its password: take it off with `openssl rsa -in %s -out KEY.plain.pem`, and name that file with --private-key-file", asWord(file))
	}
	return nil
}
