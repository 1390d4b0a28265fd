package socket

import "container/list"

// fair is those who wait, by whom they belong to. When one has to go, it is the one that has
// waited longest of whoever has most. Not safe for concurrent use.
type fair[T comparable] struct {
	first   fifo[T] // go before all others
	at      map[T]*waiter[T]
	holders map[string]*fairHolder[T]
	// Holders by how many they have; in a list those that have had as many for longest come first.
	weights []*list.List
}

// waiter is one that waits, in its holder's queue.
type waiter[T comparable] struct {
	holder *fairHolder[T]
	queue  *list.Element
}

type fairHolder[T comparable] struct {
	name   string
	queue  list.List     // of T, the oldest first
	weight *list.Element // in weights[queue.Len()]
}

// push adds v, one of a holder's.
func (c *fair[T]) push(v T, holder string) {
	if c.at == nil {
		c.at, c.holders = map[T]*waiter[T]{}, map[string]*fairHolder[T]{}
	}
	h := c.holders[holder]
	if h == nil {
		h = &fairHolder[T]{name: holder}
		c.holders[holder] = h
	}
	c.unweigh(h)
	c.at[v] = &waiter[T]{h, h.queue.PushBack(v)}
	c.weigh(h)
}

// doom makes v, which may be in already, the next to be popped.
func (c *fair[T]) doom(v T) {
	c.remove(v)
	c.first.unshift(v)
}

// pop takes out who has to go, if there is anybody.
func (c *fair[T]) pop() (v T, ok bool) {
	if v, ok = c.first.pop(); ok || len(c.weights) == 0 {
		return v, ok
	}
	h := c.weights[len(c.weights)-1].Front().Value.(*fairHolder[T])
	v = h.queue.Front().Value.(T)
	c.remove(v)
	return v, true
}

// remove takes v out and reports whether it was in.
func (c *fair[T]) remove(v T) bool {
	w, ok := c.at[v]
	if !ok {
		return c.first.remove(v)
	}
	delete(c.at, v)
	c.unweigh(w.holder)
	w.holder.queue.Remove(w.queue)
	c.weigh(w.holder)
	return true
}

// unweigh takes a holder out of weights before its number changes, weigh puts it in again.
func (c *fair[T]) unweigh(h *fairHolder[T]) {
	if h.weight != nil {
		c.weights[h.queue.Len()].Remove(h.weight)
		h.weight = nil
	}
}

func (c *fair[T]) weigh(h *fairHolder[T]) {
	n := h.queue.Len()
	for len(c.weights) <= n {
		c.weights = append(c.weights, list.New())
	}
	if n == 0 {
		delete(c.holders, h.name)
	} else {
		h.weight = c.weights[n].PushBack(h)
	}
	for n = len(c.weights); n > 0 && c.weights[n-1].Len() == 0; n-- {
		c.weights = c.weights[:n-1]
	}
}
