package room

import (
	"crypto/rand"
	"crypto/sha256"
	"time"

	"github.com/tickroom/tickroom/internal/identity"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// tokenHash is the SHA-256 of a session's token: what is written down of it, and found by it.
type tokenHash [sha256.Size]byte

func hashOf(token string) tokenHash { return sha256.Sum256([]byte(token)) }

// issue gives a session a token, a new one if it had one.
func (e *Engine) issue(c *Client) {
	c.token = rand.Text()
	c.hash = hashOf(c.token)
	e.sessions[c.hash] = c
	e.recordSession(c)
}

// recordSession writes down whose session a client's is.
func (e *Engine) recordSession(c *Client) {
	if w := e.recording.writer; w != nil {
		w.Session(c.player.ID, c.recorded())
	}
}

// recorded returns what is written down of a session. No token is in it.
func (c *Client) recorded() *tickroomv1.JournalSession {
	id := &c.identity
	return &tickroomv1.JournalSession{
		TokenSha256: c.hash[:], Guest: id.Guest, Name: id.Name, Roles: uint32(id.Roles), Shows: id.Shows,
		ExpiresUs: micros(id.Expires), GraceUs: id.Grace.Microseconds(),
	}
}

// identified takes in what was written down of a session.
func (c *Client) identified(s *tickroomv1.JournalSession) {
	copy(c.hash[:], s.GetTokenSha256())
	c.identity = identity.Identity{
		Player: c.player.PlayerID, Name: s.GetName(), Roles: identity.Roles(s.GetRoles()), Shows: s.GetShows(), Guest: s.GetGuest(),
		Grace: time.Duration(s.GetGraceUs()) * time.Microsecond,
	}
	if us := s.GetExpiresUs(); us != 0 {
		c.identity.Expires = time.UnixMicro(us)
	}
}

// recall goes back to what the client has that names a tick, if the room was made again.
func (c *Client) recall(tick uint32) {
	if c.remade {
		c.remade = false
		c.player.Recall(tick)
	}
}
