package shows

import (
	"context"
	"errors"
	"time"

	"github.com/tickroom/tickroom/server/internal/claim"
)

const (
	// After a show's room has failed, or could not be made, it is made again after firstRetry,
	// and then after twice as long each time, up to lastRetry. One that has run for so long has not
	// failed again, but anew.
	firstRetry = time.Second
	lastRetry  = 30 * time.Second
)

// turn does once what is to be done about the shows.
func (k *Keeper) turn(ctx context.Context) {
	k.turning <- struct{}{}
	defer func() { <-k.turning }()
	err := errors.Join(k.release(ctx), k.renew(ctx), k.want(ctx))
	now := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, sh := range k.shows {
		sh.tell(now)
		k.forget(sh) // if it was held, and is not any more
	}
	if err != nil && !k.failing && ctx.Err() == nil {
		k.o.Logger.Warn("nobody knows who has the shows now; those that run here go on", "error", err)
	} else if err == nil && k.failing {
		k.o.Logger.Info("it is known again who has the shows")
	}
	if k.failing = err != nil; k.failing {
		k.patient = now.Add(k.o.Lease)
	}
}

// call bounds a call of the claims: one that takes longer than the lease is of no use.
func (k *Keeper) call(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, min(claim.CallTimeout, k.o.Lease))
}

// release gives the claims back of shows that have ended here.
func (k *Keeper) release(ctx context.Context) error {
	var errs []error
	for _, was := range k.in(over) {
		if !was.gone && was.known.Owner == was.owner {
			ctx, cancel := k.call(ctx)
			errs = append(errs, k.o.Claims.Release(ctx, was.known)) // after an error it ends by itself
			cancel()
		}
		k.mu.Lock()
		sh := k.shows[was.Show]
		sh.phase, sh.room = elsewhere, nil
		if sh.known.Owner == was.owner {
			sh.known.Owner, sh.known.Note, sh.known.Left = "", "", 0
		}
		k.forget(sh)
		k.mu.Unlock()
	}
	return errors.Join(errs...)
}

// in returns copies of the shows that are in one of some phases here.
func (k *Keeper) in(phases ...phase) (out []show) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, sh := range k.shows {
		for _, p := range phases {
			if sh.phase == p {
				out = append(out, *sh)
			}
		}
	}
	return out
}

// renew prolongs the claims of the shows that are here, ends those that are lost, and those that
// nobody has wanted for a while.
func (k *Keeper) renew(ctx context.Context) error {
	var held []claim.Claim
	var of []Show
	for _, sh := range k.in(making, running, ending) {
		if sh.gone {
			continue
		}
		c := sh.known
		if c.Note = ""; sh.phase == running {
			c.Note = sh.room.ShowID()
		}
		held, of = append(held, c), append(of, sh.Show)
	}
	if len(held) == 0 {
		return nil
	}
	ctx, cancel := k.call(ctx)
	defer cancel()
	asked := time.Now()
	got, err := k.o.Claims.Renew(ctx, k.o.Lease, held)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range got {
		sh := k.shows[of[i]]
		sh.learn(got[i], asked)
		switch {
		case got[i].Owner != held[i].Owner || got[i].Epoch != held[i].Epoch:
			sh.gone = true
			k.o.Count("lost")
			k.o.Logger.Warn("a show is another server's by now; it ends here", "show", sh.Name, "kind", sh.Kind, "epoch", held[i].Epoch, "new_epoch", got[i].Epoch, "owner", got[i].Owner)
			k.end(sh, "another server has the show")
		case len(sh.houses) == 0 && got[i].Idle > k.o.Linger && sh.phase == running:
			k.o.Logger.Info("a show without houses ends", "show", sh.Name, "kind", sh.Kind, "epoch", sh.known.Epoch)
			k.end(sh, "nobody watches")
		}
	}
	return nil
}

// end has a show's room end.
func (k *Keeper) end(sh *show, why string) {
	if sh.phase != running {
		return // it ends when it is made, or does already
	}
	sh.phase = ending
	sh.known.Note = ""
	sh.room.EndShow(why)
}

// want asks for the shows that the houses here are of, and begins those whose claims are this
// server's.
func (k *Keeper) want(ctx context.Context) error {
	k.mu.Lock()
	owner := k.owner()
	var wanted []claim.Wanted
	var of []Show
	now := time.Now()
	for _, sh := range k.shows {
		if sh.wanted(now) {
			wanted = append(wanted, claim.Wanted{Name: sh.claim(), Above: sh.known.Epoch, Take: sh.phase == elsewhere && !k.closing && !now.Before(sh.again) && !now.Before(k.patient)})
			of = append(of, sh.Show)
		}
	}
	k.mu.Unlock()
	if len(wanted) == 0 {
		return nil
	}
	ctx, cancel := k.call(ctx)
	defer cancel()
	asked := time.Now()
	got, err := k.o.Claims.Want(ctx, owner, k.o.Lease, wanted)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range got {
		sh := k.shows[of[i]]
		if sh == nil {
			continue // the last house has ended; what was taken ends by itself
		}
		if sh.phase == elsewhere {
			sh.learn(got[i], asked)
		}
		if sh.phase == elsewhere && wanted[i].Take && got[i].Owner == owner && !k.closing {
			sh.owner = owner
			k.begin(sh)
		}
	}
	return nil
}

// begin has the room of a show made, whose claim is here.
func (k *Keeper) begin(sh *show) {
	sh.phase, sh.gone = making, false
	k.begun++
	epoch := sh.known.Epoch
	k.making.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), makeTimeout)
		defer cancel()
		room, err := k.o.Make(ctx, sh.Show, epoch)
		k.made(sh, epoch, room, err)
		if err != nil {
			return
		}
		<-room.Done()
		k.ended(sh)
	})
}

// makeTimeout bounds what is waited for to make a room.
const makeTimeout = 5 * time.Second

// made notes that the room of a show was made, or not.
func (k *Keeper) made(sh *show, epoch uint64, room Stage, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	defer k.soon()
	if err != nil {
		sh.phase = over
		k.failed(sh)
		k.o.Logger.Error("a show can't be made; it is tried again", "show", sh.Name, "kind", sh.Kind, "epoch", epoch, "error", err)
		return
	}
	k.o.Count("begun")
	k.o.Logger.Info("a show begins", "show", sh.Name, "kind", sh.Kind, "epoch", epoch, "room", room.ShowID())
	sh.phase, sh.room, sh.began = running, room, time.Now()
	if sh.gone || k.closing {
		k.end(sh, "the show is not wanted here any more")
	}
}

// ended notes that the room of a show has ended.
func (k *Keeper) ended(sh *show) {
	k.mu.Lock()
	defer k.mu.Unlock()
	defer k.soon()
	if sh.phase == running { // nobody has asked for that
		if time.Since(sh.began) > lastRetry {
			sh.failures = 0
		}
		k.failed(sh)
		sh.known.Note = ""
	} else if !sh.gone {
		k.o.Count("ended")
	}
	sh.phase = over
}

// failed puts off the next attempt at a show.
func (k *Keeper) failed(sh *show) {
	wait := min(firstRetry<<min(sh.failures, 10), lastRetry)
	sh.failures++
	k.o.Count("failed")
	sh.again = time.Now().Add(wait)
}
