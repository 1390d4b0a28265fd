package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tickroom/tickroom/server/internal/limits"
)

// ErrNoPlayer is the error of Players for an id that nobody in a room has.
var ErrNoPlayer = errors.New("there is no such player here")

// Players lists the players in this server's rooms, and kicks them. Its methods may
// be called at any time from any goroutine.
type Players interface {
	// Players lists those in a room, or in all if room is empty, in any order. The error
	// is, or wraps, ErrNoRoom if there is no such room.
	Players(ctx context.Context, room string) ([]PlayerInfo, error)
	// Kick ends the sessions of a player, telling it the reason, and returns the rooms that
	// it was in; none if it is put out on another server. The error is, or wraps,
	// ErrNoPlayer if it was in none.
	Kick(ctx context.Context, player, reason string) (rooms []string, err error)
}

// PlayerInfo is a player in a room.
type PlayerInfo struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Room      string     `json:"room"`
	Kind      string     `json:"kind"`
	Number    uint32     `json:"number"` // in the room
	Roles     []string   `json:"roles"`
	Guest     bool       `json:"guest"`
	Spectator bool       `json:"spectator"`
	Away      bool       `json:"away"` // the connection is lost, and the session held
	Address   string     `json:"address,omitempty"`
	RTTMillis float64    `json:"rtt_ms,omitempty"`
	Expires   *time.Time `json:"token_expires,omitempty"`
}

// BanInfo is a ban as it is shown.
type BanInfo struct {
	Subject string     `json:"subject"` // player:ID, or a network
	Player  string     `json:"player,omitempty"`
	Address string     `json:"address,omitempty"`
	Since   time.Time  `json:"since"`
	Until   *time.Time `json:"until"` // null: for ever
	Reason  string     `json:"reason"`
	By      string     `json:"by,omitempty"`
	Note    string     `json:"note,omitempty"` // what it means, where that is not what was asked for to the letter
}

const (
	defaultPlayers = 1000 // that are listed unless more are asked for
	maxForm        = 64 << 10
	maxReason      = 123 // bytes in a close frame
)

func (h *handler) handlePlayers(mux *http.ServeMux) {
	mux.HandleFunc("GET /players", func(w http.ResponseWriter, r *http.Request) { h.players(w, r, r.URL.Query().Get("room"), "") })
	mux.HandleFunc("GET /players/{id}", func(w http.ResponseWriter, r *http.Request) { h.players(w, r, "", r.PathValue("id")) })
	mux.HandleFunc("GET /rooms/{id}/players", func(w http.ResponseWriter, r *http.Request) { h.players(w, r, r.PathValue("id"), "") })
	mux.HandleFunc("POST /players/{id}/kick", h.kick)
	mux.HandleFunc("GET /bans", h.bans)
	mux.HandleFunc("POST /bans", h.ban)
	mux.HandleFunc("DELETE /bans", h.unban)
}

// players lists the players of a room, or all, or those with an id.
func (h *handler) players(w http.ResponseWriter, r *http.Request, room, id string) {
	limit := defaultPlayers
	if s := r.URL.Query().Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			bad(w, "limit=%.40q is not a whole number from 0 on", s)
			return
		}
		limit = n
	}
	list := []PlayerInfo{}
	if h.cfg.Players != nil {
		all, err := h.cfg.Players.Players(r.Context(), room)
		if err != nil {
			fail(w, r, err)
			return
		}
		for _, p := range all {
			if id == "" || p.ID == id {
				list = append(list, p)
			}
		}
	}
	if id != "" && len(list) == 0 {
		noPlayer(w, id)
		return
	}
	slices.SortFunc(list, func(a, b PlayerInfo) int {
		if c := strings.Compare(a.Room, b.Room); c != 0 {
			return c
		}
		return int(int64(a.Number) - int64(b.Number))
	})
	count := len(list)
	writeJSON(w, http.StatusOK, struct {
		Count   int          `json:"count"`
		Players []PlayerInfo `json:"players"`
	}{count, list[:min(count, limit)]})
}

func noPlayer(w http.ResponseWriter, id string) {
	writeJSON(w, http.StatusNotFound, problem{fmt.Sprintf("player %q is in no room of this server; GET /players lists those who are", id)})
}

func bad(w http.ResponseWriter, format string, args ...any) {
	writeJSON(w, http.StatusBadRequest, problem{fmt.Sprintf(format, args...)})
}

func (h *handler) kick(w http.ResponseWriter, r *http.Request) {
	if !form(w, r) {
		return
	}
	id, reason := r.PathValue("id"), r.Form.Get("reason")
	if reason == "" {
		reason = "removed by the operator"
	}
	if err := checkReason(reason); err != nil {
		bad(w, "%v", err)
		return
	}
	if h.cfg.Players == nil {
		noPlayer(w, id)
		return
	}
	rooms, err := h.cfg.Players.Kick(r.Context(), id, reason)
	switch {
	case errors.Is(err, ErrNoPlayer):
		noPlayer(w, id)
		return
	case err != nil:
		fail(w, r, err)
		return
	}
	h.cfg.Logger.Info("a player is kicked by the operator", "player", id, "rooms", rooms, "reason", reason, "client", r.RemoteAddr)
	writeJSON(w, http.StatusOK, struct {
		Kicked string   `json:"kicked"`
		Rooms  []string `json:"rooms"`
	}{id, rooms})
}

// checkReason returns what is wrong with a reason that clients are to be told in a close
// frame.
func checkReason(reason string) error {
	switch {
	case !utf8.ValidString(reason):
		return fmt.Errorf("the reason %.140q is not UTF-8; in an address write é as %%C3%%A9, and cut no character in two", reason)
	case strings.ContainsFunc(reason, unicode.IsControl):
		return fmt.Errorf("the reason %.140q has control characters; write it as one line", reason)
	case len(reason) > maxReason:
		return fmt.Errorf("the reason has %d bytes; at most %d fit into a close frame", len(reason), maxReason)
	}
	return nil
}

// form reads the parameters of a request, from its address and its body.
func form(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		bad(w, "the parameters can't be read: %v", err)
		return false
	}
	return true
}

func (h *handler) bans(w http.ResponseWriter, r *http.Request) {
	list := []BanInfo{}
	if h.cfg.Bans != nil {
		bans, err := h.cfg.Bans.List(r.Context())
		if err != nil {
			fail(w, r, err)
			return
		}
		for _, b := range bans {
			list = append(list, banInfo(b))
		}
	}
	writeJSON(w, http.StatusOK, struct {
		Count int       `json:"count"`
		Bans  []BanInfo `json:"bans"`
	}{len(list), list})
}

func banInfo(b limits.Ban) BanInfo {
	i := BanInfo{Subject: b.Subject(), Player: b.Player, Since: b.Since, Reason: b.Reason, By: b.By}
	if b.Player == "" {
		i.Address = b.Prefix.String()
	}
	if !b.Until.IsZero() {
		i.Until = &b.Until
	}
	return i
}

// subject returns the ban that a request is about, with nothing else in it.
func (h *handler) subject(w http.ResponseWriter, r *http.Request) (limits.Ban, bool) {
	if !form(w, r) {
		return limits.Ban{}, false
	}
	player, address, s := r.Form.Get("player"), r.Form.Get("address"), r.Form.Get("subject")
	given := 0
	for _, v := range []string{player, address, s} {
		if v != "" {
			given++
		}
	}
	if given != 1 {
		bad(w, "who? give player=ID, or address=192.0.2.7 or a network such as 192.0.2.0/24, one of them")
		return limits.Ban{}, false
	}
	switch {
	case player != "":
		s = "player:" + player
	case address != "":
		s = address
	}
	b, err := h.cfg.Masks.ParseSubject(s)
	if err == nil && address != "" && b.Player != "" {
		err = fmt.Errorf("address=%.60q is a player", address)
	}
	if err != nil {
		bad(w, "%v", err)
		return limits.Ban{}, false
	}
	return b, true
}

func (h *handler) ban(w http.ResponseWriter, r *http.Request) {
	b, ok := h.subject(w, r)
	if !ok {
		return
	}
	b.Reason, b.By, b.Since = r.Form.Get("reason"), r.Form.Get("by"), time.Now().UTC().Truncate(time.Second)
	if s := r.Form.Get("for"); s != "" {
		d, err := time.ParseDuration(s)
		if err != nil || d <= 0 {
			bad(w, "for=%.40q is not a time such as 30m, 24h or 720h; leave it out to ban for ever", s)
			return
		}
		b.Until = time.Now().UTC().Add(d)
	}
	b, err := b.Check()
	if err != nil {
		bad(w, "%v", err)
		return
	}
	if h.cfg.Bans == nil {
		writeJSON(w, http.StatusNotImplemented, problem{"this server keeps no bans"})
		return
	}
	if err := h.cfg.Bans.Add(r.Context(), b); err != nil {
		if errors.Is(err, limits.ErrTooManyBans) {
			writeJSON(w, http.StatusInsufficientStorage, problem{err.Error() + "; GET /bans lists them, DELETE /bans ends one"})
			return
		}
		fail(w, r, err)
		return
	}
	h.cfg.Logger.Info("banned by the operator", "subject", b.Subject(), "until", b.Until, "reason", b.Reason, "by", b.By, "client", r.RemoteAddr)
	info := banInfo(b)
	if !b.Prefix.IsSingleIP() && !strings.Contains(r.Form.Get("address")+r.Form.Get("subject"), "/") && b.Player == "" {
		info.Note = fmt.Sprintf("an address is banned with all that counts as one address with it; to ban that one alone, write it with /%d", b.Prefix.Addr().BitLen())
	}
	writeJSON(w, http.StatusOK, info)
}

func (h *handler) unban(w http.ResponseWriter, r *http.Request) {
	b, ok := h.subject(w, r)
	if !ok {
		return
	}
	was := false
	if h.cfg.Bans != nil {
		var err error
		if was, err = h.cfg.Bans.Remove(r.Context(), b.Subject()); err != nil {
			fail(w, r, err)
			return
		}
	}
	if !was {
		writeJSON(w, http.StatusNotFound, problem{fmt.Sprintf("%s is not banned; GET /bans lists who is", b.Subject())})
		return
	}
	h.cfg.Logger.Info("a ban is ended by the operator", "subject", b.Subject(), "client", r.RemoteAddr)
	writeJSON(w, http.StatusOK, struct {
		Ended string `json:"ended"`
	}{b.Subject()})
}
