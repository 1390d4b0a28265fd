package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// ErrNoWebhook is the error of Hooks for a name that no webhook has.
var ErrNoWebhook = errors.New("there is no such webhook")

// Hooks are the webhooks of a server. Its methods may be called at any time from any goroutine.
type Hooks interface {
	// Webhooks lists the webhooks.
	Webhooks(ctx context.Context) ([]WebhookInfo, error)
	// Dead returns up to n dead letters of a webhook behind a place; "" is the beginning. The error is,
	// or wraps, ErrNoWebhook if there is no such webhook, as those of the others.
	Dead(ctx context.Context, name, after string, n int) ([]DeadInfo, error)
	// Retry has dead letters sent again, and Forget forgets them. They return how many there were.
	Retry(ctx context.Context, name string, places []string) (int, error)
	Forget(ctx context.Context, name string, places []string) (int, error)
}

// WebhookInfo is how a webhook is doing.
type WebhookInfo struct {
	Name    string `json:"name"`
	URL     string `json:"url"`
	Sender  bool   `json:"sender"` // this server sends it
	Waiting int    `json:"waiting"`
	Dead    int    `json:"dead"`
	Lost    uint64 `json:"lost"` // dead letters that have made place for others
	// The last attempts of this server.
	LastSuccess *time.Time `json:"last_success,omitempty"`
	LastFailure *time.Time `json:"last_failure,omitempty"`
	Why         string     `json:"why,omitempty"`
}

// DeadInfo is a dead letter.
type DeadInfo struct {
	Place string          `json:"place"`
	ID    string          `json:"id"`
	Type  string          `json:"type"`
	Room  string          `json:"room"`
	Kind  string          `json:"kind"`
	Time  time.Time       `json:"time"`
	Why   string          `json:"why"`
	At    time.Time       `json:"at"` // when it was given up
	Event json.RawMessage `json:"event"`
}

const (
	defaultDead = 100
	maxDead     = 1000
	// retryPage is how many dead letters are taken at once when all are.
	retryPage = 500
)

func (h *handler) handleHooks(mux *http.ServeMux) {
	mux.HandleFunc("GET /hooks", h.hooks)
	mux.HandleFunc("GET /hooks/{name}/dead", h.dead)
	mux.HandleFunc("POST /hooks/{name}/retry", func(w http.ResponseWriter, r *http.Request) {
		h.moveDead(w, r, "sent again", Hooks.Retry)
	})
	mux.HandleFunc("POST /hooks/{name}/forget", func(w http.ResponseWriter, r *http.Request) {
		h.moveDead(w, r, "forgotten", Hooks.Forget)
	})
}

func (h *handler) hooks(w http.ResponseWriter, r *http.Request) {
	list := []WebhookInfo{}
	if h.cfg.Hooks != nil {
		all, err := h.cfg.Hooks.Webhooks(r.Context())
		if err != nil {
			failHooks(w, r, err)
			return
		}
		list = append(list, all...)
	}
	writeJSON(w, http.StatusOK, struct {
		Count    int           `json:"count"`
		Webhooks []WebhookInfo `json:"webhooks"`
	}{len(list), list})
}

func failHooks(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, ErrNoWebhook) {
		writeJSON(w, http.StatusNotFound, problem{fmt.Sprintf("there is no webhook %q; GET /hooks lists them", r.PathValue("name"))})
		return
	}
	writeJSON(w, http.StatusServiceUnavailable, problem{err.Error()})
}

func (h *handler) dead(w http.ResponseWriter, r *http.Request) {
	limit := defaultDead
	if s := r.URL.Query().Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > maxDead {
			bad(w, "limit=%.40q is not a whole number from 1 to %d", s, maxDead)
			return
		}
		limit = n
	}
	if h.cfg.Hooks == nil {
		failHooks(w, r, ErrNoWebhook)
		return
	}
	list, err := h.cfg.Hooks.Dead(r.Context(), r.PathValue("name"), r.URL.Query().Get("after"), limit)
	if err != nil {
		failHooks(w, r, err)
		return
	}
	if list == nil {
		list = []DeadInfo{}
	}
	writeJSON(w, http.StatusOK, struct {
		Count int        `json:"count"`
		Dead  []DeadInfo `json:"dead"`
	}{len(list), list})
}

// moveDead takes dead letters off their list: those that are named, or all.
func (h *handler) moveDead(w http.ResponseWriter, r *http.Request, what string, move func(Hooks, context.Context, string, []string) (int, error)) {
	if !form(w, r) {
		return
	}
	name, places := r.PathValue("name"), r.Form["place"]
	all := r.Form.Get("all") == "true"
	if all == (len(places) > 0) {
		bad(w, "which? give place=PLACE, as GET /hooks/%s/dead has them, once or several times, or all=true", name)
		return
	}
	if h.cfg.Hooks == nil {
		failHooks(w, r, ErrNoWebhook)
		return
	}
	var n int
	var err error
	if all {
		n, err = h.moveAll(r.Context(), name, move)
	} else {
		n, err = move(h.cfg.Hooks, r.Context(), name, places)
	}
	if err != nil {
		failHooks(w, r, err)
		return
	}
	h.cfg.Logger.Info("dead letters are "+what+" by the operator", "webhook", name, "letters", n, "client", r.RemoteAddr)
	writeJSON(w, http.StatusOK, struct {
		Letters int `json:"letters"`
	}{n})
}

// moveAll takes all dead letters off their list that are there now: those that come back meanwhile, since
// they have failed once more, stay.
func (h *handler) moveAll(ctx context.Context, name string, move func(Hooks, context.Context, string, []string) (int, error)) (n int, err error) {
	begun := time.Now()
	for after := ""; ; {
		page, err := h.cfg.Hooks.Dead(ctx, name, after, retryPage)
		if err != nil || len(page) == 0 {
			return n, err
		}
		var places []string
		for i := range page {
			if after = page[i].Place; page[i].At.Before(begun) {
				places = append(places, after)
			}
		}
		if len(places) == 0 {
			return n, nil
		}
		moved, err := move(h.cfg.Hooks, ctx, name, places)
		if n += moved; err != nil {
			return n, err
		}
	}
}
