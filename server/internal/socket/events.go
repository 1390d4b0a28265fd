package socket

import (
	"errors"

	"github.com/lxzan/gws"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

// events holds the callbacks of gws, which it calls in the goroutine that reads.
type events struct{}

// of returns the connection that gws reads.
func of(c *gws.Conn) *pending { return c.NetConn().(*pending) }

func (events) OnOpen(*gws.Conn) {}

func (events) OnPong(c *gws.Conn, payload []byte) {
	if p := of(c); p.seat != nil {
		p.budget += len(payload) + 6
	}
}

func (events) OnClose(c *gws.Conn, err error) {
	p := of(c)
	var ce *gws.CloseError
	if !errors.As(err, &ce) {
		return
	}
	// gws answers 1002 or 1007 to a close frame that is itself wrong.
	p.readErr = nil
	if p.reply == closecode.ProtocolError || p.reply == closecode.InvalidData {
		return
	}
	code := int(ce.Code)
	if code == 0 {
		code = closecode.NoStatus
	}
	p.remote = &CloseError{Code: code, Reason: string(ce.Reason), Remote: true}
}

func (events) OnPing(c *gws.Conn, payload []byte) {
	p := of(c)
	if p.seat != nil {
		p.budget += len(payload) + 6
		p.seat.pong(payload)
		return
	}
	if p.pongs++; p.pongs <= helloPongs {
		_, _ = p.Conn.Write(appendControl(nil, opPong, payload))
	}
}

func (events) OnMessage(c *gws.Conn, m *gws.Message) {
	p := of(c)
	p.guard(func() {
		text := m.Opcode == gws.OpcodeText
		switch {
		case p.stop:
			_ = m.Close()
		case text && !p.g.opt.AllowText:
			p.fail(FailProtocol, violation(closecode.UnsupportedData, "text messages are not spoken here"))
			_ = m.Close()
		case p.seat != nil:
			p.refill()
			p.seat.deliver(m)
		default:
			p.hello(m.Bytes())
			_ = m.Close()
		}
	})
}
