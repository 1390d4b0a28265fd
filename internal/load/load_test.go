//go:build linux

package load

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server answers handshakes and calls serve for each connection.
func server(t *testing.T, serve func(conn net.Conn, br *bufio.Reader)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				br := bufio.NewReader(conn)
				if _, err := http.ReadRequest(br); err != nil {
					return
				}
				if _, err := io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"); err != nil {
					return
				}
				serve(conn, br)
			})
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return l.Addr().String()
}

// readClientFrame reads one short masked frame.
func readClientFrame(br *bufio.Reader) (*tickroomv1.ClientFrame, error) {
	var head [6]byte
	if _, err := io.ReadFull(br, head[:]); err != nil {
		return nil, err
	}
	payload := make([]byte, head[1]&0x7f)
	if _, err := io.ReadFull(br, payload); err != nil {
		return nil, err
	}
	for i := range payload {
		payload[i] ^= head[2+i&3]
	}
	f := new(tickroomv1.ClientFrame)
	return f, proto.Unmarshal(payload, f)
}

// A server that answers each input with the next tick sees ticks acknowledged as
// they come, and the inputs counted up.
func TestRunSpeaksTickroom(t *testing.T) {
	var mu sync.Mutex
	var wrong []string
	var acks int // of ticks after the first
	complain := func(s string) {
		mu.Lock()
		defer mu.Unlock()
		wrong = append(wrong, s)
	}
	addr := server(t, func(conn net.Conn, br *bufio.Reader) {
		f, err := readClientFrame(br)
		if err != nil || f.GetHello().GetVersion() != 1 || f.GetHello().GetKind() != "walkers" {
			complain("no hello")
			return
		}
		welcome, _ := proto.Marshal(&tickroomv1.ServerFrame{Welcome: &tickroomv1.Welcome{Player: 1}})
		// The welcome and the first snapshot come in one piece.
		if _, err := conn.Write(append(serverFrame(opBinary, welcome), serverFrame(opBinary, []byte{8, 100})...)); err != nil {
			return
		}
		acked := uint32(100)
		for tick := uint32(100); ; tick++ {
			f, err := readClientFrame(br)
			if err != nil {
				return
			}
			if f.GetAck() < acked || f.GetAck() > tick || len(f.GetInputs()) != 1 || f.GetInputs()[0].GetSeq() != tick-99 {
				complain(f.String())
				return
			}
			if f.GetAck() > acked {
				acked = f.GetAck()
				mu.Lock()
				acks++
				mu.Unlock()
			}
			next, _ := proto.Marshal(&tickroomv1.ServerFrame{Tick: tick + 1})
			if _, err := conn.Write(serverFrame(opBinary, next)); err != nil {
				return
			}
		}
	})
	var phases []Phase
	r, err := Run(t.Context(), Config{
		Addr: addr, Clients: 20, Rate: 20, Window: 600 * time.Millisecond, SendEvery: 1,
		Hello: &Hello{Kind: "walkers"}, Watch: []int{os.Getpid()},
	}, func(p Phase) { phases = append(phases, p) })
	if err != nil {
		t.Fatal(err)
	}
	if len(phases) != 4 || phases[3] != Measured {
		t.Errorf("phases %v", phases)
	}
	mu.Lock()
	defer mu.Unlock()
	if acks == 0 {
		t.Error("no tick was acknowledged")
	}
	if len(wrong) > 0 {
		t.Errorf("%d complaints, the first: %s", len(wrong), wrong[0])
	}
	if len(r.Errors) > 0 || r.Frames == 0 || r.Sent == 0 || r.MeanPayload < 2 || r.MeanFrame != r.MeanPayload+2 || r.RSSAfter == 0 {
		t.Errorf("report %+v", r)
	}
}

func TestRunReportsWhyClientsCannotJoin(t *testing.T) {
	addr := server(t, func(conn net.Conn, br *bufio.Reader) {
		if _, err := readClientFrame(br); err == nil {
			_, _ = conn.Write(serverFrame(opClose, append([]byte{4002 >> 8, 4002 & 0xff}, "no such kind"...)))
		}
	})
	_, err := Run(t.Context(), Config{Addr: addr, Clients: 3, Rate: 20, Window: time.Second, Hello: &Hello{Kind: "none"}}, nil)
	if err == nil || !strings.Contains(err.Error(), "4002 no such kind") {
		t.Errorf("error %v", err)
	}
}

func TestRunCountsLostClients(t *testing.T) {
	addr := server(t, func(_ net.Conn, br *bufio.Reader) { _, _ = br.ReadByte() })
	r, err := Run(t.Context(), Config{Addr: addr, Clients: 5, Rate: 100, Window: 300 * time.Millisecond, SendEvery: 1, InputSize: 21}, nil)
	if err != nil {
		t.Fatal(err)
	}
	lost := 0
	for _, n := range r.Errors {
		lost += n
	}
	if lost != 5 {
		t.Errorf("errors %v", r.Errors)
	}
}

func TestRunStops(t *testing.T) {
	addr := server(t, func(_ net.Conn, br *bufio.Reader) { _, _ = io.Copy(io.Discard, br) })
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Run(ctx, Config{Addr: addr, Clients: 2, Rate: 20, Warm: time.Hour, Window: time.Second}, func(p Phase) {
		if p == Joined {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestValidate(t *testing.T) {
	ok := Config{Clients: 1, Rate: 20, Window: time.Second, SendEvery: 1, InputSize: 21}
	if err := ok.Validate(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Config){
		"no clients":     func(c *Config) { c.Clients = 0 },
		"too many":       func(c *Config) { c.Clients = 30000 },
		"no rate":        func(c *Config) { c.Rate = 0 },
		"no window":      func(c *Config) { c.Window = 0 },
		"tiny input":     func(c *Config) { c.InputSize = 6 },
		"negative sends": func(c *Config) { c.SendEvery = -1 },
	} {
		c := ok
		change(&c)
		if c.Validate() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
