//go:build !unix

package match

import "time"

func cpu() time.Duration { return 0 }
