package service

import (
	"crypto/rand"
	"math/big"
	"strings"
)

const (
	// codeLetters are those of rooms' codes: none looks or sounds like another
	// one.
	codeLetters = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
	codeLength  = 6
	// tries is how many ids and codes are tried for a new match.
	tries = 8
)

// newCode returns a code that nobody can foresee.
func newCode() string {
	out := make([]byte, codeLength)
	for i := range out {
		n, _ := rand.Int(rand.Reader, big.NewInt(int64(len(codeLetters)))) // it ends the program rather than fail
		out[i] = codeLetters[n.Int64()]
	}
	return string(out)
}

// readCode returns a code as people write it in the form in which it is kept, and
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
