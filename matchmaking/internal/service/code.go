package service

import (
	"crypto/rand"
	"strings"
)

const (
	// codeLetters are those of rooms' codes: none looks like another one, read or said
	// aloud.
	codeLetters = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
	codeLength  = 6
	// tries is how many ids and codes are tried for a new match.
	tries = 8
)

// newCode gives a code that nobody can foresee.
func newCode() string {
	out := make([]byte, 0, codeLength)
	var b [2 * codeLength]byte
	for {
		_, _ = rand.Read(b[:]) // it ends the program rather than fail
		for _, x := range b {
			// The largest multiple of the letters' number below 256, so that all are
			// equally likely.
			if int(x) >= 256/len(codeLetters)*len(codeLetters) {
				continue
			}
			if out = append(out, codeLetters[int(x)%len(codeLetters)]); len(out) == codeLength {
				return string(out)
			}
		}
	}
}

// readCode gives a code as people write it in the form in which it is kept, and
// whether it is one.
func readCode(s string) (string, bool) {
	if len(s) > 4*codeLength {
		return "", false
	}
	s = strings.ToUpper(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, s))
	return s, len(s) == codeLength && strings.Trim(s, codeLetters) == ""
}

// newID gives a room's id. It need not be secret, but new.
func newID(kind string) string { return kind + "-" + strings.ToLower(rand.Text()[:12]) }
