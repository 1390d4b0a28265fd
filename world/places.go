package world

// defaultSpectators is the default of Kind.MaxSpectators.
const defaultSpectators = 100

// maxSpectators returns how many may watch a room of the kind, if its game does not say
// otherwise.
func (k *Kind) maxSpectators() int {
	switch {
	case !k.Spectators:
		return 0
	case k.MaxSpectators == 0:
		return defaultSpectators
	}
	return k.MaxSpectators
}

// Lock keeps new players out of the room until Unlock is called: during a round, say. Those
// who want any room of the kind are led to another one. Players who are in the room stay,
// and come back to it when they were away; spectators come in as before. A player whose
// session has ended is a new one.
func (r *Room) Lock() { r.locked = true }

// Unlock lets new players into the room again, as far as there are places. A room whose
// Join has returned ErrFull is not asked by those who want any room for two seconds, unless
// a player leaves or MaxPlayers changes; Unlock ends that, too, locked or not.
func (r *Room) Unlock() { r.locked, r.unlocks = false, r.unlocks+1 }

// Locked reports whether new players are kept out by Lock.
func (r *Room) Locked() bool { return r.locked }

// Unlocks returns how often Unlock was called, modulo 1<<32. It is for servers.
func (r *Room) Unlocks() uint32 { return r.unlocks }
