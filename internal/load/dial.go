package load

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"google.golang.org/protobuf/proto"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// How long a client may take to connect and to be welcomed.
const joinTimeout = time.Minute

// Any key does; the answer to it is for clients that need to check.
const handshakeKey = "dGhlIHNhbXBsZSBub25jZQ=="

// dial connects client i and waits until it is welcome. The reader it returns
// has read what came with that. The TLS is nil if there is none.
func dial(ctx context.Context, cfg *Config, i int) (*net.TCPConn, *encrypted, *reader, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", cfg.Addr)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("connect: %w", err)
	}
	tcp := conn.(*net.TCPConn)
	if !tcp.RemoteAddr().(*net.TCPAddr).IP.IsLoopback() {
		tcp.Close()
		return nil, nil, nil, fmt.Errorf("%s is not on this machine, and this is no tool to aim at others", cfg.Addr)
	}
	var e *encrypted
	if cfg.TLS {
		e = encrypt(tcp)
		conn = e.top
	}
	r, err := join(conn, cfg, i)
	if err != nil {
		tcp.Close()
		return nil, nil, nil, err
	}
	return tcp, e, r, nil
}

// join makes client i out of a new connection: a WebSocket, seated if there is a hello. The
// reader has what the server sent behind the welcome.
func join(conn net.Conn, cfg *Config, i int) (*reader, error) {
	if err := conn.SetDeadline(time.Now().Add(joinTimeout)); err != nil {
		return nil, err
	}
	br, err := upgrade(conn, cfg)
	if err != nil {
		return nil, err
	}
	if cfg.Hello != nil {
		if err := greet(conn, cfg.Hello, i); err != nil {
			return nil, err
		}
	}
	r, err := await(br, cfg.Hello != nil)
	if err != nil {
		return nil, err
	}
	return r, conn.SetDeadline(time.Time{})
}

// upgrade makes a WebSocket of a connection.
func upgrade(conn net.Conn, cfg *Config) (*bufio.Reader, error) {
	request := "GET " + cfg.Path + " HTTP/1.1\r\nHost: " + cfg.Addr +
		"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + handshakeKey
	if cfg.Hello != nil {
		request += "\r\nSec-WebSocket-Protocol: tickroom.v1"
	}
	if _, err := io.WriteString(conn, request+"\r\n\r\n"); err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	br := bufio.NewReaderSize(conn, 4096)
	response, err := http.ReadResponse(br, nil)
	if err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	// A switch of protocols has no body, but other answers do.
	defer response.Body.Close()
	if response.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("handshake: the server answers %s", response.Status)
	}
	return br, nil
}

// greet sends the hello of client i.
func greet(conn net.Conn, h *Hello, i int) error {
	hello, err := proto.Marshal(&tickroomv1.ClientFrame{Hello: &tickroomv1.Hello{
		Version: 1, Kind: h.Kind, Name: fmt.Sprintf("load-%d", i), Every: h.Every,
	}})
	if err != nil {
		return err
	}
	message := appendFrame(nil, opBinary, func(b []byte) []byte { return append(b, hello...) })
	if _, err := conn.Write(message); err != nil {
		return fmt.Errorf("hello: %w", err)
	}
	return nil
}

// await reads the welcome, if one is to come, and all that is buffered behind it: what did
// not go through the reader would be lost.
func await(br *bufio.Reader, welcome bool) (*reader, error) {
	r := new(reader)
	for welcome || br.Buffered() > 0 {
		if br.Buffered() == 0 {
			if _, err := br.Peek(1); err != nil {
				return nil, fmt.Errorf("waiting for the welcome: %w", err)
			}
		}
		p, _ := br.Peek(br.Buffered())
		n, f, done, err := r.next(p)
		if err != nil {
			return nil, err
		}
		_, _ = br.Discard(n)
		switch {
		case !done:
		case f.opcode == opClose:
			return nil, closedBy(f.control)
		case f.opcode == opBinary:
			welcome = false
		}
	}
	return r, nil
}

// closedBy makes an error of the payload of a close frame.
func closedBy(payload []byte) error {
	if len(payload) < 2 {
		return fmt.Errorf("closed without a code")
	}
	return fmt.Errorf("closed with %d %s", binary.BigEndian.Uint16(payload), payload[2:])
}
