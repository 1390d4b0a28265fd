package client_test

import (
	"context"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/kinds/walkers"
	"github.com/tickroom/tickroom/netcode/client"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
)

// A server tells a client how early its inputs come, and the client makes them ahead of the server.
func TestInputsAheadOfAServer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	url, ended := serve(ctx)
	defer func() { cancel(); <-ended }()
	c, err := client.Dial(ctx, url, client.Options{Config: client.Config{Kind: walkers.Kind().Name, Name: "ann", Schema: walkersv1.Schema}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(1000, "")
	frames := time.NewTicker(time.Second / 60)
	defer frames.Stop()
	made := uint32(0)
	for lead := c.Session().Lead(); !lead.HasEarly || c.Session().InputAck() < 10; lead = c.Session().Lead() {
		select {
		case <-frames.C:
		case <-c.Done():
			t.Fatal(c.Err())
		}
		tick := c.InputTick(time.Now())
		if newest := uint32(tick) + 1; tick > 0 && newest > made {
			made = newest
			c.SendInput(made, &walkersv1.WalkerInput{Direction: 1})
		}
	}
	if at := c.InputTick(time.Now()); at < float64(c.Session().Tick()) {
		t.Errorf("inputs are made for tick %g, and the state is of tick %d", at, c.Session().Tick())
	}
}
