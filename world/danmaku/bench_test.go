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

// BenchmarkShow is a second of a show with many houses, each of which has more to be shown than it may send.
func BenchmarkShow(b *testing.B) {
	for _, houses := range []int{1, 10, 100, 500} {
		b.Run(fmt.Sprint(houses), func(b *testing.B) {
			r, game, err := world.NewRoom(ShowKind(), world.Setup{ID: "s", Seed: 1})
			if err != nil {
				b.Fatal(err)
			}
			s := game.(*show)
			s.recovery.done = true
			limit := int(limitOf(houses, 40))
			now, n, number := int64(1_700_000_000_000_000), uint64(0), uint64(0)
			data := []byte{}
			second := func() {
				for tick := range 20 {
					now += 50_000
					for h := range houses {
						if tick%4 != h%4 {
							continue
						}
						rep := &danmakuv1.HouseReport{Revision: 1 << 40, Epoch: s.epoch, Sums: tick < 4, Viewers: 10_000, Drops: &danmakuv1.DropCounts{}}
						for range limit {
							n++
							rep.Candidates = append(rep.Candidates, &danmakuv1.Candidate{Key: n, Comment: &danmakuv1.Comment{
								Id: uint64(h)<<32 | n, Author: n, Name: "Viewer", Text: "this is a comment of usual length", AtMs: uint64(now / 1000),
							}})
						}
						number++
						data = rep.AppendProto(data[:0])
						from := world.Posting{Topic: topicUp("main"), From: fmt.Sprint("house-", h), Number: number}
						if _, err := r.HandleMessage(&from, rep.MessageID(), data); err != nil {
							b.Fatal(err)
						}
					}
					r.SetNow(now)
					r.Step()
					r.TakePosts()
				}
			}
			second()
			b.ReportAllocs()
			for b.Loop() {
				second()
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/10, "%core")
		})
	}
}
