// Package room runs rooms. An Engine is passive: it joins, reads, steps and writes
// when it is called to, owns no goroutine and looks at no clock, so that tests drive
// it by hand. A Loop is the small part that owns the goroutine and the clock: it
// ticks its engine at a fixed rate, and spreads the reading and writing of large
// rooms over a pool of workers.
package room
