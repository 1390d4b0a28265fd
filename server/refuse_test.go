package server_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/server/config"
)

// closedWith reads until the connection ends and gives the close code and reason.
func closedWith(t *testing.T, ws *websocket.Conn) (code int, reason string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for {
		if _, _, err := ws.Read(ctx); err != nil {
			var ce websocket.CloseError
			if !errors.As(err, &ce) {
				t.Fatalf("the connection ended without a close code: %v", err)
			}
			return int(ce.Code), ce.Reason
		}
	}
}

func TestHelloIsRefusedWithACodeThatSaysWhy(t *testing.T) {
	t.Parallel()
	srv := start(t, func(c *config.Config) {
		c.MaxRooms = 1
		c.KindOptions["walkers"] = map[string]string{"players": "2"}
	})
	// Only who says nothing is not given the time that a busy machine may take.
	impatient := start(t, func(c *config.Config) { c.HelloTimeout = 300 * time.Millisecond })
	honest := join(t, srv, nil)
	hello := func(h *tickroomv1.Hello) *tickroomv1.ClientFrame { return &tickroomv1.ClientFrame{Hello: h} }
	for name, c := range map[string]struct {
		frame *tickroomv1.ClientFrame
		raw   []byte
		text  string
		code  int
		says  string
	}{
		"wrong version":  {frame: hello(&tickroomv1.Hello{Version: 2, Kind: "walkers"}), code: 4001, says: "version 2"},
		"long name":      {frame: hello(&tickroomv1.Hello{Version: 1, Kind: "walkers", Name: strings.Repeat("n", 65)}), code: 4001, says: "64 bytes"},
		"name with bell": {frame: hello(&tickroomv1.Hello{Version: 1, Kind: "walkers", Name: "a\ab"}), code: 4001, says: "can't be shown"},
		"no such kind":   {frame: hello(&tickroomv1.Hello{Version: 1, Kind: "chess"}), code: 4002, says: "walkers"},
		"no such room":   {frame: hello(&tickroomv1.Hello{Version: 1, Kind: "walkers", Room: "walkers-nope"}), code: 4002, says: "walkers-nope"},
		"no hello":       {frame: &tickroomv1.ClientFrame{Ack: 1}, code: 4001, says: "hello"},
		"garbage":        {raw: []byte{0xff, 0xff, 0xff}, code: 4001, says: "hello"},
		"text":           {text: "hello", code: 1003},
		"too long":       {raw: make([]byte, 9000), code: 1009},
		"silence":        {code: 4000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := srv
			if name == "silence" {
				srv = impatient
			}
			ws := dial(t, srv)
			switch {
			case c.frame != nil:
				send(t, ws, c.frame)
			case c.raw != nil:
				_ = ws.Write(t.Context(), websocket.MessageBinary, c.raw)
			case c.text != "":
				_ = ws.Write(t.Context(), websocket.MessageText, []byte(c.text))
			}
			code, reason := closedWith(t, ws)
			if code != c.code || !strings.Contains(reason, c.says) {
				t.Errorf("closed with %d %q; want %d with %q", code, reason, c.code, c.says)
			}
		})
	}
	t.Run("full", func(t *testing.T) {
		second := join(t, srv, nil)
		ws := dial(t, srv)
		send(t, ws, hello(&tickroomv1.Hello{Version: 1, Kind: "walkers", Room: honest.welc.GetRoom()}))
		if code, reason := closedWith(t, ws); code != 4003 {
			t.Errorf("a full room: %d %q", code, reason)
		}
		ws = dial(t, srv)
		send(t, ws, hello(&tickroomv1.Hello{Version: 1, Kind: "walkers"}))
		if code, reason := closedWith(t, ws); code != 4012 {
			t.Errorf("a second room of at most one: %d %q", code, reason)
		}
		_ = second.ws.Close(websocket.StatusNormalClosure, "")
	})
	seq := honest.input(&walkersv1.WalkerInput{Direction: 2})
	for f := honest.frame(); f.InputAck < seq; f = honest.frame() {
	}
}

func TestAClientThatBreaksTheProtocolIsClosedAlone(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"auto", "gws"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			srv := start(t, func(c *config.Config) {
				c.Transport = transport
				c.Limits.Messages, c.Limits.MessageBurst = 200, 200
				c.KindOptions["walkers"] = map[string]string{"players": "20"}
			})
			honest := join(t, srv, nil)
			for name, c := range map[string]struct {
				do   func(t *testing.T, p *player)
				code int
				says string
			}{
				"65 inputs": {func(t *testing.T, p *player) {
					send(t, p.ws, &tickroomv1.ClientFrame{Inputs: make([]*tickroomv1.Input, 65)})
				}, 4007, "more than 64 inputs in a message"},
				"17 commands": {func(t *testing.T, p *player) {
					send(t, p.ws, &tickroomv1.ClientFrame{Commands: make([]*tickroomv1.CommandData, 17)})
				}, 4007, "more than 16 commands in a message"},
				"garbage": {func(t *testing.T, p *player) {
					_ = p.ws.Write(t.Context(), websocket.MessageBinary, []byte{0x0a, 0xff})
				}, 4007, "no ClientFrame"},
				"text": {func(t *testing.T, p *player) { _ = p.ws.Write(t.Context(), websocket.MessageText, []byte("hi")) }, 1003, "text"},
				"too long": {func(t *testing.T, p *player) {
					_ = p.ws.Write(t.Context(), websocket.MessageBinary, make([]byte, 9000))
				}, 1009, "more than 8192 bytes"},
				"second hello": {func(t *testing.T, p *player) {
					send(t, p.ws, &tickroomv1.ClientFrame{Hello: &tickroomv1.Hello{Version: 1}})
				}, 4007, "second hello"},
				"ack ahead": {func(t *testing.T, p *player) { send(t, p.ws, &tickroomv1.ClientFrame{Ack: 1 << 30}) }, 4007, "not sent"},
				"bad input": {func(t *testing.T, p *player) {
					send(t, p.ws, &tickroomv1.ClientFrame{Inputs: []*tickroomv1.Input{{Seq: 1, Data: []byte{0xff}}}})
				}, 4007, "could not be decoded"},
				"flood": {func(t *testing.T, p *player) {
					for range 1000 {
						b := []byte{8, 1} // acknowledges tick 1
						if p.ws.Write(t.Context(), websocket.MessageBinary, b) != nil {
							return
						}
					}
				}, 4008, "faster than 200 per second"},
			} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					p := join(t, srv, nil)
					c.do(t, p)
					if code, reason := closedWith(t, p.ws); code != c.code || !strings.Contains(reason, c.says) {
						t.Errorf("closed with %d %q, want %d with %q", code, reason, c.code, c.says)
					}
				})
			}
			seq := honest.input(&walkersv1.WalkerInput{Direction: 2})
			for f := honest.frame(); f.InputAck < seq; f = honest.frame() {
			}
		})
	}
}
