package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/internal/redisdata"
	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/webhook"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
)

// hookSecret signs the webhooks of the tests.
const hookSecret = "correct horse battery staple, hooks"

// receiver takes webhooks.
type receiver struct {
	t   *testing.T
	url string

	mu     sync.Mutex
	status int // that it answers; 0: 200
	got    []*webhook.Event
	twice  int // events that have come again
}

func receive(t *testing.T) *receiver {
	t.Helper()
	v, err := webhook.NewVerifier(webhook.Options{Secrets: []string{hookSecret}})
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{t: t}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		e, err := v.Verify(req.Header, body)
		r.mu.Lock()
		defer r.mu.Unlock()
		switch {
		case err != nil:
			t.Errorf("a webhook that is none: %v", err)
			w.WriteHeader(http.StatusUnauthorized)
		case r.status != 0:
			w.WriteHeader(r.status)
		case slices.ContainsFunc(r.got, func(o *webhook.Event) bool { return o.ID == e.ID }):
			r.twice++
		default:
			r.got = append(r.got, e)
		}
	}))
	t.Cleanup(srv.Close)
	r.url = srv.URL
	return r
}

func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

// of returns the types of the events of a room, in the order in which they came, and checks that their
// numbers rise.
func (r *receiver) of(room string) (types []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := map[string]uint64{}
	for _, e := range r.got {
		if e.Room != room {
			continue
		}
		if e.Number != last[e.Life]+1 {
			r.t.Errorf("%s of room %s is number %d, behind %d", e.Type, room, e.Number, last[e.Life])
		}
		last[e.Life] = e.Number
		types = append(types, e.Type)
	}
	return types
}

// hooked has a server tell a receiver.
func (r *receiver) hooked(c *config.Config) {
	r.t.Helper()
	file := filepath.Join(r.t.TempDir(), "hooks.secret")
	if err := os.WriteFile(file, []byte(hookSecret), 0o600); err != nil {
		r.t.Fatal(err)
	}
	c.Hooks.Webhooks, c.Hooks.SecretFiles, c.Hooks.AllowPrivate = []string{"shop=" + r.url + "/tickroom?x=hunter2"}, []string{file}, true
	c.Hooks.MaxBackoff = 100 * time.Millisecond
	c.EmptyRoomLinger = 100 * time.Millisecond
}

// visit has a player come into a till, a gift come, and the player go. It returns the room.
func visit(t *testing.T, k *backendKeys, srv *server.Server, all *tills, key string) string {
	t.Helper()
	ann := sit(t, srv, k.playerToken("ann"), client.Config{Kind: "till", Name: "Ann"})
	room := ann.Welcome().GetRoom()
	_, err := backend(t, srv, k.token(nil)).Post(t.Context(), &tickroomv1.RoomServicePostRequest{
		To: toRoom(room), Message: giftType, Content: jsonOf(t, map[string]any{"gift": "rose", "count": 3}), Key: key,
	})
	if err != nil {
		t.Fatal(err)
	}
	all.have(t, "room/"+room+": 3 x rose by "+key)
	return room
}

var wholeVisit = []string{webhook.RoomMade, webhook.PlayerJoined, webhook.RoomMessage, webhook.PlayerLeft, webhook.RoomEnded}

// TestWebhooks has all that happens in a room told to a receiver that has trouble at first.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	k, r, all := newBackendKeys(t), receive(t), &tills{}
	r.answer(http.StatusServiceUnavailable)
	srv := start(t, func(c *config.Config) { k.on(c); r.hooked(c) }, all.kind())
	room := visit(t, k, srv, all, "order-1")
	if err := backend(t, srv, k.token(nil)).CloseRoom(t.Context(), room, "good night"); err != nil {
		t.Fatal(err)
	}
	r.answer(0)
	until(t, "all has come, in its order", func() bool { return slices.Equal(r.of(room), wholeVisit) })
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.got {
		text := string(e.Data)
		want := map[string]string{
			webhook.RoomMessage:  `{"message":"tickroom.danmaku.v1.GiftEntry","body":{"count":3,"gift":"rose","key":"order-1","show":"` + room + `"}}`,
			webhook.PlayerJoined: `{"player":"ann","number":1,"name":"ann"}`, webhook.RoomEnded: `{"reason":"good night"}`,
		}[e.Type]
		if want != "" && text != want || e.Kind != "till" || e.Node != srv.NodeID() || time.Since(e.Time) > time.Hour {
			t.Errorf("%+v: %s; want %s", e, text, want)
		}
	}
}

// TestWebhooksSurviveARestart ends a server whose events nobody takes, and starts it again.
func TestWebhooksSurviveARestart(t *testing.T) {
	t.Parallel()
	k, r, dir := newBackendKeys(t), receive(t), t.TempDir()
	r.answer(http.StatusInternalServerError)
	all := &tills{}
	run := func() (*server.Server, func()) {
		return startStop(t, func(c *config.Config) { k.on(c); r.hooked(c); c.Hooks.Directory = dir }, all.kind())
	}
	srv, stop := run()
	room := visit(t, k, srv, all, "order-1")
	until(t, "the receiver is asked", func() bool { return deadOrWaiting(t, srv).Waiting > 2 })
	stop()
	r.answer(0)
	_, stop = run()
	defer stop()
	until(t, "what happened before has come", func() bool { return slices.Equal(r.of(room), wholeVisit) })
}

// TestWebhooksSurviveAKill kills a server whose events nobody takes, and starts another one in its place.
func TestWebhooksSurviveAKill(t *testing.T) {
	t.Parallel()
	for _, kept := range []string{"in a file", "in Redis"} {
		t.Run(kept, func(t *testing.T) {
			t.Parallel()
			r, dir := receive(t), t.TempDir()
			var red *redistest.Server
			if kept == "in Redis" {
				red = redistest.Start(t)
			}
			run := func() *process {
				return startTally(t, red, func(c *config.Config) {
					if r.hooked(c); red == nil {
						c.Hooks.Directory = dir
					}
				})
			}
			r.answer(http.StatusInternalServerError)
			first := run()
			room := view(t, first.addr, "").Welcome().GetRoom()
			until(t, "the events are kept", func() bool {
				var list struct{ Webhooks []webhookInfo }
				askAt(t, http.MethodGet, first.admin, "/hooks", &list)
				return len(list.Webhooks) == 1 && list.Webhooks[0].Waiting >= 3 // that the show was made, too
			})
			first.kill()
			r.answer(0)
			run()
			until(t, "what happened before has come", func() bool {
				types := r.of(room)
				return len(types) >= 2 && slices.Equal(types[:2], wholeVisit[:2])
			})
		})
	}
}

// webhookInfo is what the admin address says of a webhook.
type webhookInfo struct {
	URL                 string
	Sender              bool
	Waiting, Dead, Lost int
	Why                 string
}

func deadOrWaiting(t *testing.T, srv *server.Server) webhookInfo {
	t.Helper()
	var list struct{ Webhooks []webhookInfo }
	ask(t, http.MethodGet, srv, "/hooks", &list)
	if len(list.Webhooks) != 1 || strings.Contains(list.Webhooks[0].URL, "hunter2") {
		t.Fatalf("%+v", list)
	}
	return list.Webhooks[0]
}

func ask(t *testing.T, method string, srv *server.Server, path string, out any) {
	t.Helper()
	askAt(t, method, srv.AdminAddr().String(), path, out)
}

func askAt(t *testing.T, method, admin, path string, out any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+admin+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", path, resp.Status, err)
	}
}

// TestDeadLetters gives webhooks up, lists them and sends them again.
func TestDeadLetters(t *testing.T) {
	t.Parallel()
	k, r, all := newBackendKeys(t), receive(t), &tills{}
	r.answer(http.StatusTeapot)
	srv := start(t, func(c *config.Config) {
		k.on(c)
		r.hooked(c)
		c.Hooks.RetryFor, c.Hooks.Events = 0, []string{"room.*"}
	}, all.kind())
	room := visit(t, k, srv, all, "order-1")
	if err := backend(t, srv, k.token(nil)).CloseRoom(t.Context(), room, ""); err != nil {
		t.Fatal(err)
	}
	until(t, "all are given up", func() bool { return deadOrWaiting(t, srv).Dead == 3 })
	if w := deadOrWaiting(t, srv); !w.Sender || w.Waiting != 0 || !strings.Contains(w.Why, "418") {
		t.Errorf("%+v", w)
	}
	var list struct {
		Dead []struct{ Place, Type, Room, Why string }
	}
	ask(t, http.MethodGet, srv, "/hooks/shop/dead", &list)
	if len(list.Dead) != 3 || list.Dead[0].Type != webhook.RoomMade || list.Dead[0].Room != room || !strings.Contains(list.Dead[0].Why, "418") {
		t.Fatalf("%+v", list)
	}
	r.answer(0)
	var moved struct{ Letters int }
	ask(t, http.MethodPost, srv, "/hooks/shop/retry?place="+list.Dead[0].Place, &moved)
	if moved.Letters != 1 {
		t.Error(moved)
	}
	ask(t, http.MethodPost, srv, "/hooks/shop/retry?all=true", &moved)
	if moved.Letters != 2 {
		t.Error(moved)
	}
	until(t, "they have come", func() bool {
		return slices.Equal(r.of(room), []string{webhook.RoomMade, webhook.RoomMessage, webhook.RoomEnded})
	})
	until(t, "none is left", func() bool { w := deadOrWaiting(t, srv); return w.Dead+w.Waiting == 0 })
}

// TestHooksOfAFleet has two servers share a Redis, in which there are all events as well: one of them
// sends, and the other one when that is gone.
func TestHooksOfAFleet(t *testing.T) {
	t.Parallel()
	k, r, all, red := newBackendKeys(t), receive(t), &tills{}, redistest.Start(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(strings.Repeat("0123456789abcdef", 2)), 0o600); err != nil {
		t.Fatal(err)
	}
	var srvs []*server.Server
	var stops []func()
	for i := range 2 {
		srv, stop := startStop(t, func(c *config.Config) {
			k.on(c)
			r.hooked(c)
			c.Redis.Addresses, c.Seats.SecretFiles, c.Node.ID, c.Hooks.Stream = []string{red.Addr()}, []string{secret}, fmt.Sprint("node-", i), true
		}, all.kind())
		srvs, stops = append(srvs, srv), append(stops, stop)
	}
	var rooms []string
	for i, srv := range srvs {
		room := visit(t, k, srv, all, fmt.Sprint("order-", i))
		if err := backend(t, srvs[1-i], k.token(nil)).CloseRoom(t.Context(), room, ""); err != nil {
			t.Fatal(err)
		}
		rooms = append(rooms, room)
	}
	for _, room := range rooms {
		until(t, "all of "+room+" has come", func() bool { return slices.Equal(r.of(room), wholeVisit) })
	}
	if a, b := deadOrWaiting(t, srvs[0]), deadOrWaiting(t, srvs[1]); a.Sender == b.Sender {
		t.Errorf("both are senders, or none is: %v, %v", a, b)
	}
	// The one that was the sender goes, or the other one.
	stops[0]()
	room := visit(t, k, srvs[1], all, "order-3")
	if err := backend(t, srvs[1], k.token(nil)).CloseRoom(t.Context(), room, ""); err != nil {
		t.Fatal(err)
	}
	until(t, "the one that is left sends", func() bool { return slices.Equal(r.of(room), wholeVisit) })

	// A consumer group of somebody else's reads the same.
	c, stream := red.Client(), redisdata.Hooks.Key("tickroom:", "events")
	if err := c.XGroupCreate(t.Context(), stream, "ledger", "0").Err(); err != nil {
		t.Fatal(err)
	}
	got, err := c.XReadGroup(t.Context(), &redis.XReadGroupArgs{Group: "ledger", Consumer: "one", Streams: []string{stream, ">"}, Count: 100, Block: -1}).Result()
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	var types []string
	for _, m := range got[0].Messages {
		if m.Values["room"] == room {
			types = append(types, m.Values["type"].(string))
		}
	}
	if !slices.Equal(types, wholeVisit) {
		t.Errorf("the stream has %v", types)
	}
}
