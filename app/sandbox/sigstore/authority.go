package sigstore

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"net/url"
	"time"
)

// founded is when everything here became valid: before npm's first provenance.
func founded() time.Time { return time.Date(2022, time.April, 13, 20, 6, 15, 0, time.UTC) }

// certificateLife is how long a signing certificate lives.
const certificateLife = 10 * time.Minute

// authority issues signing certificates: a root and an intermediate.
type authority struct {
	root, intermediate *x509.Certificate
	key                *ecdsa.PrivateKey // of the intermediate
}

func newAuthority(until time.Time) (*authority, error) {
	rootKey, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("the key of the certificate authority: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("the key of the certificate authority: %w", err)
	}
	template := func(name string) *x509.Certificate {
		return &x509.Certificate{
			Subject:               pkix.Name{Organization: []string{organization}, CommonName: name},
			NotBefore:             founded(),
			NotAfter:              until,
			IsCA:                  true,
			BasicConstraintsValid: true,
			KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		}
	}
	root := template("sandbox-root")
	root.MaxPathLen = 1
	if root, err = issue(root, root, &rootKey.PublicKey, rootKey); err != nil {
		return nil, err
	}
	intermediate := template("sandbox-intermediate")
	intermediate.MaxPathLenZero = true
	intermediate.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
	if intermediate, err = issue(intermediate, root, &key.PublicKey, rootKey); err != nil {
		return nil, err
	}
	return &authority{root, intermediate, key}, nil
}

// identity is what a signing certificate says of its holder.
type identity struct {
	uri        string // one of uri and email is the subject alternative name
	email      string
	extensions []pkix.Extension
}

// certify issues the signing certificate of a key. Logs gives the promise that is
// embedded; nil embeds none.
func (a *authority) certify(id identity, key *ecdsa.PublicKey, at time.Time, log *ctLog) (*x509.Certificate, error) {
	template := &x509.Certificate{
		NotBefore:       at,
		NotAfter:        at.Add(certificateLife),
		KeyUsage:        x509.KeyUsageDigitalSignature,
		ExtKeyUsage:     []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		ExtraExtensions: id.extensions,
	}
	if id.email != "" {
		template.EmailAddresses = []string{id.email}
	}
	if id.uri != "" {
		uri, err := url.Parse(id.uri)
		if err != nil {
			return nil, fmt.Errorf("the identity of a certificate: %w", err)
		}
		template.URIs = []*url.URL{uri}
	}
	number, err := serial()
	if err != nil {
		return nil, err
	}
	template.SerialNumber = number
	cert, err := issue(template, a.intermediate, key, a.key)
	if err != nil || log == nil {
		return cert, err
	}
	// The log signs the certificate without the list of promises. The list comes
	// last, so that the two differ in nothing else.
	promise, err := log.promise(cert, a.intermediate, at)
	if err != nil {
		return nil, err
	}
	sctList := asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2} // RFC 6962, section 3.3
	template.ExtraExtensions = append(template.ExtraExtensions[:len(id.extensions):len(id.extensions)],
		pkix.Extension{Id: sctList, Value: promise})
	return issue(template, a.intermediate, key, a.key)
}

// issue signs a certificate and reads it back. A template without a serial
// number gets one.
func issue(template, parent *x509.Certificate, key *ecdsa.PublicKey, signer *ecdsa.PrivateKey) (*x509.Certificate, error) {
	template.SignatureAlgorithm = x509.ECDSAWithSHA384
	if template.SerialNumber == nil {
		number, err := serial()
		if err != nil {
			return nil, err
		}
		template.SerialNumber = number
	}
	spki, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, fmt.Errorf("a certificate: %w", err)
	}
	sum := sha256.Sum256(spki)
	template.SubjectKeyId = sum[:20]
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, signer)
	if err != nil {
		return nil, fmt.Errorf("a certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

// serial draws a serial number of 158 bits, as Fulcio does.
func serial() (*big.Int, error) {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 158))
	if err != nil {
		return nil, fmt.Errorf("a serial number: %w", err)
	}
	return n.SetBit(n, 157, 1), nil
}
