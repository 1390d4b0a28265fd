package limits

import (
	"net/netip"
	"testing"

	"github.com/tickroom/tickroom/server/config"
)

// After a restart all clients of an address come back in the same moment, and perhaps once
// more: the limits by default let them, whatever the clock says.
func TestAnAddressComesBackAtOnce(t *testing.T) {
	t.Parallel()
	for _, n := range []int{256, 2000} {
		g := guard(t, Options{}, func(c *config.Access) {
			*c = config.Default().Access
			c.ConnectionsPerAddress = n
		})
		for range 2 {
			var leases []*Lease
			for range n {
				l, err := g.Connect(netip.MustParseAddr("192.0.2.1"))
				if err != nil {
					t.Fatalf("%d of %d: %v", len(leases), n, err)
				}
				leases = append(leases, l)
			}
			for _, l := range leases {
				l.Release()
			}
		}
	}
}
