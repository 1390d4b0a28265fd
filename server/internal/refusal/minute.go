package refusal

import (
	"log/slog"

	"github.com/tickroom/tickroom/server/internal/costs"
)

// minute is what there was of one kind of refusal since the last summary.
type minute struct {
	all, leftOut int // of all, leftOut are not in the log
	from         *costs.Ledger
}

func newMinute() *minute { return &minute{from: costs.New(nil)} }

func (m *minute) add(who Subject) {
	m.all++
	m.from.Add(costs.Refusals, 1, who.Client, who.Player)
}

// attrs returns the summary for the log.
func (m *minute) attrs(l line) []slog.Attr {
	attrs := []slog.Attr{slog.String("stage", string(l.stage)), slog.String("why", l.why), slog.Int("refused", m.all), slog.Int("left_out", m.leftOut)}
	most := m.from.Top(1)[costs.Refusals]
	if len(most.Addresses) > 0 {
		attrs = append(attrs, slog.String("most_from", most.Addresses[0].Key), slog.Int("from_there", int(most.Addresses[0].Weight)))
	}
	if len(most.Players) > 0 {
		attrs = append(attrs, slog.String("most_of", most.Players[0].Key), slog.Int("of_that_player", int(most.Players[0].Weight)))
	}
	return append(attrs, slog.String("what_to_do", advice(l.why)))
}

// advices are what operators can do about refusals, by reason.
var advices = map[string]string{
	"handshake_rate":      "if it is one address that many share, raise access.handshakes or add it to access.exempt; if it is an attack nothing needs doing, or ban it (POST /bans)",
	"address_connections": "if it is one address that many share, raise access.connections_per_address or add it to access.exempt; if it is an attack nothing needs doing, or ban it (POST /bans)",
	"player_connections":  "a client opens more connections of one player than access.connections_per_player allows; see whether it closes the old ones",
	"player_rooms":        "a player has as many rooms as access.rooms_per_player allows",
	"call_rate":           "a client calls the matchmaking service faster than matchmaking.calls allows; if many players share the address, raise it",
	"no_address":          "a trusted proxy does not tell the clients' addresses; see access.forwarded_header",
	"origin":              "a page of another origin calls; if it is yours, add it to origins",
	"bad_hello":           "clients say hellos that make no sense: another version of the game, or no client at all",
	"server_full":         "the server has as many players as max_connections allows; add servers, or raise it",
	"max_rooms":           "the server has as many rooms as max_rooms allows; add servers, or raise it",
	"room_full":           "rooms that are asked for are full; clients should ask for any room, or by matchmaking",
	"memory":              "the server is short of memory; allow more, add servers, or lower max_connections and max_rooms",
	"try_later":           "something that the server needs is away, such as Redis; see the causes in the lines before this one",
	"auth_required":       "clients come without a token; see identity.guests",
	"token_expired":       "clients come with tokens that have expired; see their account service's clock, and identity.leeway",
}

// advice returns what an operator can do about refusals for a reason.
func advice(why string) string {
	if a, ok := advices[why]; ok {
		return a
	}
	return "see the lines before this one for some of them, and /top of the admin address for who it is"
}
