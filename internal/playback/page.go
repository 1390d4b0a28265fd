package playback

import (
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/netcode"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// What a page is answered that shows a replay.

// attach gives the page its connection, and shows it where the playhead is.
func (p *Playhead) attach(c *screen, hello *tickroomv1.Hello, first *netcode.ClientFrame) {
	if p.screen != nil {
		p.screen.close(closecode.TakenOver, "another page shows this")
	}
	p.screen = c
	if p.run == nil {
		c.close(closecode.RoomFailed, p.trouble)
		return
	}
	p.view.every, p.view.hashes = hello.GetEvery(), hello.GetHashEvery()
	p.view.full()
	frame, err := proto.Marshal(&tickroomv1.ServerFrame{Welcome: p.welcome(hello)})
	if err == nil {
		frame, err = p.view.append(frame, p.run.At(), 0)
	}
	if err != nil {
		c.close(closecode.RoomFailed, err.Error())
		return
	}
	c.sent = p.run.At()
	c.put(frame)
	p.hear(c, first)
	took := time.Duration(0)
	if !p.seeking.IsZero() {
		took = time.Since(p.seeking)
		p.seeking = time.Time{}
	}
	p.say(took)
}

// welcome returns the welcome of the one whose eyes they are.
func (p *Playhead) welcome(hello *tickroomv1.Hello) *tickroomv1.Welcome {
	room, schema := p.run.Room(), p.show.kind.Schema
	w := &tickroomv1.Welcome{
		Session: p.id, Room: p.id, Kind: p.show.kind.Name, TickRate: room.TickRate, Tick: p.run.At(), ServerTimeUs: room.Now(),
		Fingerprint: schema.Fingerprint(), AckWindow: 1 << 20, MaxMessage: maxMessage, Spectator: true,
	}
	if p.player != nil {
		w.Player, w.PlayerId = p.player.ID, p.player.PlayerID
		if p.player == p.seat {
			w.Player = 0
		}
	}
	if hello.GetFingerprint() != w.Fingerprint {
		w.Schema = schema.Proto()
	}
	return w
}

// detach notes that the page's connection has ended.
func (p *Playhead) detach(c *screen) {
	if p.screen == c {
		p.screen = nil
	}
}

// hear takes what the page says. Its inputs have no effect: what happened has happened. Commands are the
// spectator's, who may follow others, say.
func (p *Playhead) hear(c *screen, f *netcode.ClientFrame) {
	if p.screen != c {
		return // it is ending
	}
	if p.view.in != nil && f.Ack != 0 {
		_ = p.view.down.Ack(f.Ack) // of what another connection was sent, perhaps
	}
	for _, in := range f.Inputs {
		c.input = max(c.input, in.Seq)
	}
	if f.Every != 0 {
		p.view.every = f.Every
		p.view.down.SetEvery(f.Every)
	}
	if f.Mismatch {
		p.view.down.Explain()
	}
	answer := &tickroomv1.ServerFrame{}
	for _, cmd := range f.Commands {
		answer.Replies = append(answer.Replies, p.command(cmd))
	}
	if f.Ping {
		answer.Pongs = append(answer.Pongs, &tickroomv1.Pong{ClientTimeUs: f.PingTime, ServerTimeUs: p.run.Room().Now(), Tick: p.run.At()})
	}
	if len(answer.Replies)+len(answer.Pongs) == 0 {
		return
	}
	if b, err := proto.Marshal(answer); err == nil {
		c.put(b) // a page that is skipped asks again
	}
}

func (p *Playhead) command(cmd netcode.Command) *tickroomv1.Reply {
	r := &tickroomv1.Reply{Id: cmd.ID}
	if p.seat == nil || p.player != p.seat {
		r.Code, r.Error = tickroomv1.ReplyCode_REPLY_CODE_REFUSED, "this is a replay: nothing can be done in it"
		return r
	}
	err := guard(func() (err error) {
		r.Data, err = p.run.Room().HandleCommand(p.seat, cmd.Command, cmd.Data, nil)
		return err
	})
	if err != nil {
		r.Code, r.Error, r.Data = tickroomv1.ReplyCode_REPLY_CODE_REFUSED, err.Error(), nil
	}
	return r
}
