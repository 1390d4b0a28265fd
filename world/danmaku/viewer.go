package danmaku

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/world"
)

// viewer is one player in a house.
type viewer struct {
	p      *world.Player
	author uint64
	badges uint32
	name   string
	judged uint32 // which of the blocked words its name was compared with
	tier   uint32

	allowance bucket // of comments
	likes     bucket
	orders    bucket // votes, complaints, and what else costs more than it does good
	tried     uint32 // tick of the last Say, and how many of that tick
	tries     uint32
	spoke     uint32 // tick of the last comment that was taken; 0: none
	gave      uint32 // tick of the last gift; 0: none

	follows  []uint64
	reported []uint64 // comments, the newest ones
}

// maxTraces is of how many viewers who have left a house knows what they have spent. The oldest goes.
const maxTraces = 20_000

// traces are what viewers have spent who have left: to leave and to come back does not fill an allowance.
type traces struct {
	of    map[uint64]trace
	order []uint64
}

type trace struct {
	allowance, likes, orders bucket
	spoke                    uint32
}

// keep notes what a viewer who leaves has spent.
func (t *traces) keep(v *viewer) {
	if t.of == nil {
		t.of = map[uint64]trace{}
	}
	if _, is := t.of[v.author]; !is {
		if len(t.order) >= maxTraces {
			delete(t.of, t.order[0])
			t.order = t.order[1:]
		}
		t.order = append(t.order, v.author)
	}
	t.of[v.author] = trace{v.allowance, v.likes, v.orders, v.spoke}
}

// recall gives a viewer who comes back what it had.
func (t *traces) recall(v *viewer) {
	if old, is := t.of[v.author]; is {
		v.allowance, v.likes, v.orders, v.spoke = old.allowance, old.likes, old.orders, old.spoke
	}
}

// badgeRoles are the roles of tokens by which one has a badge.
var badgeRoles = []struct {
	role  string
	badge danmakuv1.Badge
}{
	{"follower", danmakuv1.Badge_BADGE_FOLLOWER},
	{"member", danmakuv1.Badge_BADGE_MEMBER},
	{"subscriber", danmakuv1.Badge_BADGE_SUBSCRIBER},
	{"moderator", danmakuv1.Badge_BADGE_MODERATOR},
	{"host", danmakuv1.Badge_BADGE_HOST},
	{"admin", danmakuv1.Badge_BADGE_MODERATOR},
}

// badgesOf returns the badges of a player, as a sum.
func badgesOf(p *world.Player) uint32 {
	var sum uint32
	for _, r := range badgeRoles {
		if slices.Contains(p.Roles, r.role) {
			sum |= uint32(r.badge)
		}
	}
	return sum
}

// refresh looks what a viewer is by its roles, which change when its token is renewed.
func (h *house) refresh(v *viewer) {
	if v.judged != h.lists {
		h.call(v)
	}
	badges := badgesOf(v.p)
	if staff(v.badges) && !staff(badges) {
		v.p.Unsubscribe(h.desk)
	} else if staff(badges) && !staff(v.badges) {
		v.p.Subscribe(h.desk)
	}
	v.badges = badges
}

// staff reports whether somebody with these badges may moderate.
func staff(badges uint32) bool {
	return badges&uint32(danmakuv1.Badge_BADGE_MODERATOR|danmakuv1.Badge_BADGE_HOST) != 0
}

// authorOf returns the number of an account in a show. It is another one in each show, and without
// the salt, which no client learns, says nothing of the account.
func authorOf(salt uint64, playerID string) uint64 {
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, 64), salt)
	sum := sha256.Sum256(append(b, playerID...))
	return max(binary.LittleEndian.Uint64(sum[:]), 1)
}

// priority returns how urgent a viewer's comment is.
func (h *house) priority(v *viewer) uint32 {
	now := h.r.Tick()
	switch {
	case v.badges&uint32(danmakuv1.Badge_BADGE_HOST) != 0:
		return host
	case v.badges&uint32(danmakuv1.Badge_BADGE_MODERATOR) != 0:
		return moderator
	case v.gave != 0 && now-v.gave < h.ticks(giftGlow):
		return giver
	case v.badges&uint32(danmakuv1.Badge_BADGE_SUBSCRIBER|danmakuv1.Badge_BADGE_MEMBER) != 0:
		return paying
	case h.fans.prized(v.author):
		return followed
	case v.spoke == 0 || now-v.spoke > h.ticks(silentFor):
		return longSilent
	}
	return ordinary
}

// giftGlow and silentFor are the seconds for which who has given goes first, and after which who has said
// nothing does.
const (
	giftGlow  = 120
	silentFor = 180
)
