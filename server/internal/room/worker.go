package room

import (
	"errors"

	"github.com/tickroom/tickroom/netcode"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/world"
)

// Worker holds the memory that reading and writing clients needs. Each goroutine that
// does so has one of its own.
type Worker struct {
	batch    *socket.Batch
	out      []byte // the messages being put together
	headroom [socket.Headroom]byte
	frame    netcode.ClientFrame
	world    world.Scratch
	counts   metrics.Counts

	// The clients that are being read or written, and the functions that the batch
	// calls: made once, so that serving a client allocates nothing.
	engine    *Engine
	clients   []*Client
	conn      func(i int) socket.Conn
	onMessage func(i int, msg []byte) error
	onOver    func(i int, err error)
}

// NewWorker makes a Worker. If plain is set it does without io_uring.
func NewWorker(plain bool) *Worker {
	w := &Worker{batch: socket.NewBatch(plain)}
	w.conn, w.onMessage, w.onOver = w.connection, w.received, w.ended
	return w
}

// Close gives the kernel back what the worker holds of it.
func (w *Worker) Close() { w.batch.Close() }

// connection returns the connection of a worker's client, nil if it is over.
func (w *Worker) connection(i int) socket.Conn {
	if c := w.clients[i]; c.over == nil {
		return c.conn
	}
	return nil
}

// received takes in a message of a worker's client.
func (w *Worker) received(i int, msg []byte) error {
	c := w.clients[i]
	w.counts[metrics.MessagesIn]++
	w.counts[metrics.BytesIn] += len(msg) + clientHeader
	if !c.messages.take() {
		w.counts[metrics.MessagesLimited]++
		return w.engine.tooFast("messages", w.engine.cfg.MessagesPerSecond, w.engine.cfg.MessageBurst)
	}
	return w.engine.message(c, w, msg)
}

// ended notes why the connection of a worker's client has ended.
func (w *Worker) ended(i int, err error) {
	c := w.clients[i]
	if c.over != nil {
		return
	}
	if errors.Is(err, socket.ErrOverflow) {
		err = closeError(closecode.Overflow, "a snapshot could not be delivered")
	}
	c.over = err
}
