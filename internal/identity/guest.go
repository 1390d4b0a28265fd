package identity

import (
	"crypto/rand"
	"encoding/hex"
)

// NewGuest makes an identity for somebody who has no token: a player with a random
// id of 128 bits, which nobody can guess or hold a token for. Whether guests are
// allowed is for the caller to decide. The error is an *Error, about the name.
func NewGuest(name string) (Identity, error) {
	name, err := CheckName(name)
	if err != nil {
		return Identity{}, refuse(Refused, "%v", err)
	}
	var b [16]byte
	_, _ = rand.Read(b[:]) // it ends the program rather than fail
	return Identity{Player: GuestPrefix + hex.EncodeToString(b[:]), Name: name, Roles: Player, Guest: true}, nil
}
