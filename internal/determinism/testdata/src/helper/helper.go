// Package helper is part of a game.
//
//tickroom:game
package helper

import "time"

var begun = time.Now() // want `time.Now reads a clock`
