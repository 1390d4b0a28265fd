// Package other is no game.
package other

import "time"

var begun = time.Now()
