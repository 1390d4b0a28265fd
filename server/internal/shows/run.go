package shows

import (
	"context"
	"time"
)

// beats is how many times as often as it must a claim is renewed.
const beats = 4

// Run looks after the shows until ctx is done. That is to be after Close has returned.
func (k *Keeper) Run(ctx context.Context) {
	beat := time.NewTicker(k.o.Lease / beats)
	defer beat.Stop()
	for {
		select {
		case <-beat.C:
		case <-k.wake:
		case <-ctx.Done():
			k.making.Wait()
			return
		}
		k.turn(ctx)
	}
}

// Close ends the shows that are here, and gives their claims back, so that servers with houses make
// them anew at once. It returns when that is done, or ctx.
func (k *Keeper) Close(ctx context.Context) {
	k.mu.Lock()
	k.closing = true
	for _, sh := range k.shows {
		k.end(sh, "the server is going away")
	}
	k.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		k.making.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		k.turn(ctx)
	case <-ctx.Done():
	}
}
