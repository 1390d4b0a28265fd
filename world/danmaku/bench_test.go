package danmaku

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/tickroom/tickroom/netcode"
	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/world"
)

// BenchmarkHouse is a tick of a house with 10,000 viewers, of whom 500 a second write a comment: the rules and
// what is put together for each viewer, without sockets.
func BenchmarkHouse(b *testing.B) {
	const viewers, perTick = 10_000, 100
	before := heap()
	r, _, err := world.NewRoom(Kind(Outside{}), world.Setup{ID: "h", Seed: 1, Options: map[string]string{"every": "0.2"}})
	if err != nil {
		b.Fatal(err)
	}
	players := make([]*world.Player, viewers)
	downs := make([]netcode.Downlink, viewers)
	for i := range players {
		p := &world.Player{Interest: world.NewInterest(r.World), ID: uint32(i + 1), PlayerID: fmt.Sprint("player-", i), Name: fmt.Sprint("Viewer ", i)}
		if err := r.Join(p, nil); err != nil {
			b.Fatal(err)
		}
		players[i], downs[i] = p, netcode.NewDownlink(p.Interest, 64)
	}
	var sc world.Scratch
	var reply, data, frame []byte
	now, n, bytes := int64(1_700_000_000_000_000), 0, 0
	tick := func(write bool) {
		for range perTick {
			data = (&danmakuv1.Say{Text: fmt.Sprint("this is comment number ", n)}).AppendProto(data[:0])
			reply, err = r.HandleCommand(players[n*7919%viewers], 1, data, reply[:0])
			n++
		}
		now += 200_000
		r.SetNow(now)
		t := r.Step()
		r.TakePosts()
		r.TakeTold()
		for i := range downs {
			if !write {
				break
			}
			if frame, err = downs[i].AppendSnapshot(frame[:0], &sc, t, 0); err != nil {
				b.Fatal(err)
			}
			bytes += len(frame)
			if err := downs[i].Ack(t); err != nil {
				b.Fatal(err)
			}
		}
	}
	for range 50 {
		tick(true)
	}
	held := heap() - before
	for _, write := range []bool{false, true} {
		name := "rules"
		if write {
			name = "all"
		}
		b.Run(name, func(b *testing.B) {
			bytes = 0
			b.ReportAllocs()
			for b.Loop() {
				tick(write)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/perTick, "ns/comment")
			if write {
				b.ReportMetric(float64(bytes)/float64(b.N)/viewers, "B/viewer")
				b.ReportMetric(float64(held)/viewers, "held-B/viewer")
			}
		})
	}
	runtime.KeepAlive(r)
}

func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
