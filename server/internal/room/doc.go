// Package room runs rooms. A Room is passive: it joins, reads, steps and writes
// when told to, owns no goroutine and looks at no clock, so that tests drive it
// by hand. A Loop is the small part that owns the goroutine and the clock: it
// ticks its room at a fixed rate, and spreads the reading and writing of large
// rooms over a pool of workers.
package room
