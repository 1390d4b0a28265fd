package playback

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

// states is how many states may wait for a page: with more the newest is left out, and another one follows.
const states = 16

// order is what a page tells its playhead to do.
type order struct {
	Do     string  `json:"do"` // "play", "pause", "seek", "step", "speed" or "look"
	Tick   uint32  `json:"tick"`
	Ticks  int     `json:"ticks"`
	Speed  float64 `json:"speed"`
	Player uint32  `json:"player"`
}

// steer serves the connection by which a page steers its playhead. The playhead lives as long.
func (s *Show) steer(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // it was answered
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(4096)
	head := s.open()
	if head == nil {
		_ = conn.Close(closecode.TryLater, "too many pages show the replay")
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	out := make(chan any, states)
	out <- s.about(head.id)
	head.control = func(st *State) {
		select {
		case out <- st:
		default:
		}
	}
	driven, written := make(chan struct{}), make(chan struct{})
	go func() { defer close(driven); head.drive(ctx) }()
	go func() { defer close(written); defer cancel(); write(ctx, conn, out) }()
	for {
		_, b, err := conn.Read(ctx)
		if err != nil {
			break
		}
		var o order
		if err := json.Unmarshal(b, &o); err != nil {
			_ = conn.Close(closecode.BadMessage, "an order that can't be read")
			break
		}
		head.do(func() { head.obey(&o) })
	}
	cancel()
	<-driven
	<-written
}

func write(ctx context.Context, conn *websocket.Conn, out <-chan any) {
	for {
		select {
		case <-ctx.Done():
			return
		case v := <-out:
			b, err := json.Marshal(v)
			if err == nil {
				wait, cancel := context.WithTimeout(ctx, takes)
				err = conn.Write(wait, websocket.MessageText, b)
				cancel()
			}
			if err != nil {
				return
			}
		}
	}
}

// obey does what the page wants.
func (p *Playhead) obey(o *order) {
	switch o.Do {
	case "play":
		p.playing = p.trouble == ""
		if uint32(p.pos) >= p.show.story.Last {
			p.seek(p.start())
		}
	case "pause":
		p.playing = false
		p.pos = math.Floor(p.pos)
	case "seek":
		p.seek(o.Tick)
		return
	case "step":
		p.step(o.Ticks)
		return
	case "speed":
		if o.Speed >= minSpeed && o.Speed <= maxSpeed {
			p.speed = o.Speed
		}
	case "look":
		p.eyes = o.Player
		p.seek(uint32(p.pos))
		return
	}
	p.say(0)
}

// step goes some ticks forth or back, and stops there.
func (p *Playhead) step(ticks int) {
	p.playing = false
	to := uint32(min(max(float64(p.start()), math.Floor(p.pos)+float64(ticks)), float64(p.show.story.Last)))
	if ticks < 0 || p.run == nil || float64(ticks) > before*p.show.story.Rate {
		p.seek(to)
		return
	}
	p.pos = float64(to)
	p.forward(to)
	p.frame()
	p.say(0)
}

// about is the first thing that a page is told.
type about struct {
	ID      string      `json:"id"` // of the playhead, and of the room that the page joins
	Kind    string      `json:"kind"`
	Room    string      `json:"room"`
	Build   string      `json:"build"`
	Watch   bool        `json:"watch"` // the kind has spectators
	Rate    float64     `json:"rate"`
	First   uint32      `json:"first"`
	Last    uint32      `json:"last"`
	Began   int64       `json:"began"` // in milliseconds since 1970
	Players []visitJSON `json:"players"`
	Marks   []markJSON  `json:"marks"`
	Trouble string      `json:"trouble,omitempty"`
}

type visitJSON struct {
	Player    uint32 `json:"player"`
	Name      string `json:"name"`
	Spectator bool   `json:"spectator"`
	From      uint32 `json:"from"`
	To        uint32 `json:"to"` // 0: until the end
}

type markJSON struct {
	Tick uint32 `json:"tick"`
	What string `json:"what"`
	Text string `json:"text"`
}

func (s *Show) about(id string) *about {
	h, st := s.journal.Header, s.story
	a := &about{
		ID: id, Kind: h.GetKind(), Room: h.GetRoom(), Build: h.GetBuild(), Watch: s.kind.Spectators, Rate: st.Rate, First: max(1, st.First), Last: st.Last,
		Began: time.UnixMicro(h.GetNowUs()).UnixMilli(), Players: []visitJSON{}, Marks: []markJSON{}, Trouble: st.Trouble,
	}
	for _, v := range st.Visits {
		a.Players = append(a.Players, visitJSON{v.Player, v.Name, v.Spectator, v.From, v.To})
	}
	for _, m := range st.Marks {
		a.Marks = append(a.Marks, markJSON{m.Tick, m.What, m.Text})
	}
	return a
}

// Handler serves the replay below /ws and /replay/steer, and all else by pages.
func (s *Show) Handler(pages http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws", s.watch)
	mux.HandleFunc("GET /replay/steer", s.steer)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/replay", http.StatusFound) })
	if pages != nil {
		mux.Handle("/", pages)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := near(r.Host); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}
