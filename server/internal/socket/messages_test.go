package socket

import (
	"fmt"
	"strings"
	"testing"
)

// TestMessagesThatBelongTogether: several messages that are sent at once arrive one by one, with
// nothing between them, also where the kernel does not take them all and the client pings.
func TestMessagesThatBelongTogether(t *testing.T) {
	t.Parallel()
	batches(t, func(t *testing.T, kind string, b *Batch) {
		clients, conns := crowd(t, kind, 2, Options{MaxOutbox: 4 << 10})
		over := func(i int, err error) { t.Errorf("connection %d: %v", i, err) }
		var sizes = []int{1, 125, 126, 8 << 10, 0xFFFF, 0x10000, 300 << 10}
		var out []byte
		for i := range conns {
			from := len(out)
			for k, n := range sizes {
				out = AppendHeader(out, n)
				out = append(out, strings.Repeat(fmt.Sprint(k), n)...)
			}
			b.SendMessages(i, conns[i], out[from:len(out):len(out)], over)
		}
		b.Flush(over)
		clients[0].write(frame(0x89, "ping"))
		done := make(chan string)
		go func() {
			for k, n := range sizes {
				f, err := readFrame(clients[0].br)
				if err != nil || string(f.Payload) != strings.Repeat(fmt.Sprint(k), n) {
					done <- fmt.Sprintf("message %d: %d bytes, %v", k, len(f.Payload), err)
					return
				}
			}
			done <- ""
		}()
		until(t, "all has come", func() bool {
			select {
			case why := <-done:
				if why != "" {
					t.Fatal(why)
				}
				return true
			default:
			}
			b.Poll(1, func(int) Conn { return conns[0] }, func(int, []byte) error { return nil }, over)
			if _, err := conns[0].Flush(); err != nil {
				t.Fatal(err)
			}
			return false
		})
	})
}
