package sigstore

import (
	"crypto/x509"
	"encoding/json"
	"time"
)

// organization names this Sigstore in certificates and addresses. The domain is
// reserved and belongs to nobody (RFC 6761).
const organization = "sigstore-sandbox.test"

// instant is a time in JSON with milliseconds, as the registry writes it.
type instant time.Time

// instantOf is nil for the zero time.
func instantOf(t time.Time) *instant {
	if t.IsZero() {
		return nil
	}
	i := instant(t)
	return &i
}

// MarshalText writes RFC 3339 with exactly three digits.
func (i instant) MarshalText() ([]byte, error) {
	return time.Time(i).UTC().AppendFormat(nil, "2006-01-02T15:04:05.000Z"), nil
}

type validFor struct {
	Start *instant `json:"start,omitempty"`
	End   *instant `json:"end,omitempty"`
}

type publicKeyJSON struct {
	RawBytes   []byte   `json:"rawBytes"`
	KeyDetails string   `json:"keyDetails"`
	ValidFor   validFor `json:"validFor"`
}

func publicKeyOf(k keypair, start, end time.Time) publicKeyJSON {
	return publicKeyJSON{k.spki, "PKIX_ECDSA_P256_SHA_256", validFor{instantOf(start), instantOf(end)}}
}

type certificateJSON struct {
	RawBytes []byte `json:"rawBytes"`
}

func chainOf(certs ...*x509.Certificate) []certificateJSON {
	var out []certificateJSON
	for _, c := range certs {
		out = append(out, certificateJSON{c.Raw})
	}
	return out
}

func trustedRoot(a *authority, ct *ctLog, r *rekor) ([]byte, error) {
	type logID struct {
		KeyID []byte `json:"keyId"`
	}
	type log struct {
		BaseURL       string        `json:"baseUrl"`
		HashAlgorithm string        `json:"hashAlgorithm"`
		PublicKey     publicKeyJSON `json:"publicKey"`
		LogID         logID         `json:"logId"`
	}
	type subject struct {
		Organization string `json:"organization"`
		CommonName   string `json:"commonName"`
	}
	type chain struct {
		Certificates []certificateJSON `json:"certificates"`
	}
	type certificateAuthority struct {
		Subject   subject  `json:"subject"`
		URI       string   `json:"uri"`
		CertChain chain    `json:"certChain"`
		ValidFor  validFor `json:"validFor"`
	}
	logOf := func(url string, k keypair) []log {
		return []log{{url, "SHA2_256", publicKeyOf(k, founded(), time.Time{}), logID{k.id[:]}}}
	}
	return json.Marshal(struct {
		MediaType              string                 `json:"mediaType"`
		Tlogs                  []log                  `json:"tlogs"`
		CertificateAuthorities []certificateAuthority `json:"certificateAuthorities"`
		Ctlogs                 []log                  `json:"ctlogs"`
		TimestampAuthorities   []struct{}             `json:"timestampAuthorities"`
	}{
		MediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
		Tlogs:     logOf("https://"+rekorName, r.key),
		CertificateAuthorities: []certificateAuthority{{
			Subject:   subject{organization, a.root.Subject.CommonName},
			URI:       "https://fulcio." + organization,
			CertChain: chain{chainOf(a.intermediate, a.root)},
			ValidFor:  validFor{Start: instantOf(founded())},
		}},
		Ctlogs:               logOf("https://ctfe."+organization+"/2022", ct.key),
		TimestampAuthorities: []struct{}{},
	})
}
