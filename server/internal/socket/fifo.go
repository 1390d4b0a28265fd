package socket

import "container/list"

// fifo is a queue whose members can also leave from the middle. Not safe for concurrent use.
type fifo[T comparable] struct {
	order list.List
	at    map[T]*list.Element
}

// len returns the number of members.
func (f *fifo[T]) len() int { return len(f.at) }

// push adds v at the end.
func (f *fifo[T]) push(v T) {
	f.init()
	f.at[v] = f.order.PushBack(v)
}

// unshift makes v the next to be popped.
func (f *fifo[T]) unshift(v T) {
	f.init()
	f.at[v] = f.order.PushFront(v)
}

func (f *fifo[T]) init() {
	if f.at == nil {
		f.at = map[T]*list.Element{}
	}
}

// pop takes out the member that has been in for longest, if there is one.
func (f *fifo[T]) pop() (v T, ok bool) {
	e := f.order.Front()
	if e == nil {
		return v, false
	}
	v = e.Value.(T)
	f.remove(v)
	return v, true
}

// remove takes v out and reports whether it was in.
func (f *fifo[T]) remove(v T) bool {
	e, ok := f.at[v]
	if ok {
		f.order.Remove(e)
		delete(f.at, v)
	}
	return ok
}
