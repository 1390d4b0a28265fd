package bots

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/matchmaker"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// ViaMatchmaking makes bots ask the server's matchmaking for their seats.
const ViaMatchmaking = "matchmaking"

// seekLimit is how long matchmaking may take until all bots are seated, beyond what the
// ramp and the joining take.
const seekLimit = 2 * time.Minute

// seeker finds seats by matchmaking, over HTTP as players do.
type seeker struct {
	sw        *swarm
	transport *http.Transport
	players   []*matchmaker.Client // by bot; each is used by one goroutine at a time
	asked     []int                // by bot, which server its client asks
	dialling  chan struct{}        // held while a bot connects; bounds them
}

func newSeeker(sw *swarm) *seeker {
	// Each bot that waits holds a connection.
	t := &http.Transport{MaxIdleConnsPerHost: sw.cfg.Clients, IdleConnTimeout: time.Minute, TLSClientConfig: sw.cfg.TLS.Clone(), ForceAttemptHTTP2: sw.cfg.TLS != nil}
	return &seeker{sw: sw, transport: t, players: make([]*matchmaker.Client, sw.cfg.Clients), asked: make([]int, sw.cfg.Clients), dialling: make(chan struct{}, dialers)}
}

func (k *seeker) close() { k.transport.CloseIdleConnections() }

// player returns the bot's side of matchmaking, which remembers who it is.
func (k *seeker) player(b *bot) (*matchmaker.Client, error) {
	servers := strings.Split(k.sw.cfg.Server, ",")
	server := (b.id + b.tries) % len(servers)
	if m := k.players[b.id]; m != nil && k.asked[b.id] == server {
		return m, nil
	}
	o := matchmaker.Options{HTTP: &http.Client{Transport: k.transport}, Logger: k.sw.cfg.Logger}
	if token := k.sw.cfg.Token; token != nil {
		o.TokenSource = func(context.Context) (string, error) { return token(b.id) }
	}
	m, err := matchmaker.New(strings.TrimSpace(servers[server]), o)
	k.players[b.id], k.asked[b.id] = m, server
	return m, err
}

// seat finds a seat for a bot and connects it.
func (k *seeker) seat(ctx context.Context, b *bot) arrival {
	m, err := k.player(b)
	if err != nil {
		return arrival{b: b, err: err}
	}
	a, err := k.find(ctx, m, b)
	if err != nil {
		if e := (*matchmaker.Error)(nil); errors.As(err, &e) && e.Temporary() {
			err = &dialError{err}
		}
		return arrival{b: b, err: err}
	}
	u, err := client.ServerURL(a.URL)
	switch cfg := &k.sw.cfg; {
	case err != nil:
	case a.GetKind() != "" && a.GetKind() != cfg.Kind && cfg.Mode != "":
		err = fmt.Errorf("the mode %s plays %s, which is not what bots are told to: give --kind %[2]s", cfg.Mode, a.GetKind())
	}
	if err != nil {
		return arrival{b: b, err: err}
	}
	select {
	case k.dialling <- struct{}{}:
		defer func() { <-k.dialling }()
	case <-ctx.Done():
		return arrival{b: b, err: ctx.Err()}
	}
	joined := k.sw.join(ctx, b, u, m.Configure(a, k.sw.config(b)))
	joined.rejoin = a.GetRejoin()
	return joined
}

// find enqueues a bot and waits for its match, or joins quickly.
func (k *seeker) find(ctx context.Context, m *matchmaker.Client, b *bot) (*matchmaker.Assignment, error) {
	self := &tickroomv1.Member{Name: botName(b)}
	if k.sw.cfg.Mode == "" {
		return m.QuickJoin(ctx, &tickroomv1.QuickJoinRequest{Kind: k.sw.cfg.Kind, Self: self, Options: k.sw.cfg.Options})
	}
	return m.FindMatch(ctx, &tickroomv1.EnqueueRequest{Mode: k.sw.cfg.Mode, Self: self}, nil)
}
