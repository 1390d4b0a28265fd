package redisbus

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/server/internal/bus"
)

// An entry of a stream has an id of two numbers: Redis's time in milliseconds, and one that counts
// entries of the same one. The number of a message is both, the second in the low bits.
const countBits = 20

func number(id string) (uint64, error) {
	ms, count, ok := strings.Cut(id, "-")
	m, err := strconv.ParseUint(ms, 10, 64-countBits)
	n, err2 := strconv.ParseUint(count, 10, countBits)
	if !ok || err != nil || err2 != nil {
		return 0, fmt.Errorf("bus: redis: %.40q is no id of a message", id)
	}
	return m<<countBits | n, nil
}

func id(number uint64) string {
	return strconv.FormatUint(number>>countBits, 10) + "-" + strconv.FormatUint(number&(1<<countBits-1), 10)
}

// entry is a message as it is read.
type entry struct {
	bus.Message
	prev   uint64 // number of the message before it in the stream
	sender string
	seq    uint64 // its number there
}

// parse reads an entry of a stream; topic is empty if that is in the entry.
func parse(x *redis.XMessage, topic string) (*entry, error) {
	text := func(name string) string { s, _ := x.Values[name].(string); return s }
	e := &entry{sender: text("s")}
	e.Topic, e.From, e.Key, e.Type, e.Data = topic, text("f"), text("k"), text("n"), []byte(text("d"))
	if topic == "" {
		e.Topic = text("t")
	}
	var err error
	if e.Number, err = number(x.ID); err != nil {
		return nil, err
	}
	e.At = int64(e.Number>>countBits) * 1000
	if e.prev, err = number(text("p")); err != nil {
		return nil, err
	}
	if e.seq, err = strconv.ParseUint(text("q"), 10, 64); err != nil {
		return nil, fmt.Errorf("bus: redis: a message of %q has the sender's number %.40q", e.Topic, text("q"))
	}
	n, err := strconv.ParseUint(text("i"), 10, 32)
	if err != nil || n > math.MaxUint32 {
		return nil, fmt.Errorf("bus: redis: a message of %q has the type %.40q", e.Topic, text("i"))
	}
	e.ID = uint32(n)
	return e, nil
}
