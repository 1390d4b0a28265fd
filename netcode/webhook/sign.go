package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a webhook.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp"
	HeaderSignature = "Webhook-Signature"
	// HeaderKeys has the ids of the secrets that have made the signatures, in their order.
	HeaderKeys = "Tickroom-Webhook-Keys"
)

const (
	// MinSecret is how many bytes a secret has at least.
	MinSecret = 24
	version   = "v1,"
)

// Secret is a secret that webhooks are signed with. It does not print.
type Secret struct{ key []byte }

// ParseSecret reads a secret as it is written: "whsec_" or "base64:" and the secret in base64, or
// the secret itself. Spaces and line ends after it do not count. The error shows nothing of it.
func ParseSecret(text string) (Secret, error) {
	text = strings.TrimRight(text, " \t\r\n")
	if strings.Contains(text, "-----BEGIN") {
		return Secret{}, errors.New("webhook: it is a key in PEM, not a secret")
	}
	key := []byte(text)
	for _, prefix := range []string{"whsec_", "base64:"} {
		if enc, ok := strings.CutPrefix(text, prefix); ok {
			raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(enc), "="))
			if err != nil {
				return Secret{}, fmt.Errorf("webhook: what follows %s is not base64", prefix)
			}
			key = raw
		}
	}
	if len(key) < MinSecret {
		return Secret{}, fmt.Errorf("webhook: the secret has %d bytes; it needs %d or more", len(key), MinSecret)
	}
	return Secret{key}, nil
}

// ID returns the id of the secret: 8 hexadecimal digits, from which nobody can tell it.
func (s Secret) ID() string {
	m := hmac.New(sha256.New, s.key)
	m.Write([]byte("tickroom webhook: key id"))
	return hex.EncodeToString(m.Sum(nil)[:4])
}

// String returns the id alone.
func (s Secret) String() string { return "(webhook secret " + s.ID() + ")" }

// GoString returns the id alone.
func (s Secret) GoString() string { return s.String() }

// MarshalText returns the id alone.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// signature returns the MAC of a webhook.
func (s Secret) signature(id, timestamp string, body []byte) []byte {
	m := hmac.New(sha256.New, s.key)
	m.Write([]byte(id + "." + timestamp + "."))
	m.Write(body)
	return m.Sum(nil)
}

// Sign sets the headers of a webhook that is sent at a time with an event's id and a body. There
// must be a secret at least.
func Sign(h http.Header, id string, at time.Time, body []byte, secrets ...Secret) {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	var signatures, ids []string
	for _, s := range secrets {
		signatures = append(signatures, version+base64.StdEncoding.EncodeToString(s.signature(id, timestamp, body)))
		ids = append(ids, s.ID())
	}
	h.Set(HeaderID, id)
	h.Set(HeaderTimestamp, timestamp)
	h.Set(HeaderSignature, strings.Join(signatures, " "))
	h.Set(HeaderKeys, strings.Join(ids, " "))
}
