package config_test

import (
	"fmt"

	"github.com/tickroom/tickroom/server/config"
)

// A program takes the defaults and changes what it knows better.
func Example() {
	cfg := config.Default()
	cfg.Listen = ":7777"
	cfg.IdleTimeout = 0
	fmt.Println(cfg.Validate())
	// Output: idle_timeout: 0s is not allowed; it must be from 1s to 24h
}

// Load takes what is in the environment, beside flags and the file that they name.
func ExampleLoad() {
	cfg, err := config.Load(nil, []string{"TICKROOM_LISTEN=:9000", "TICKROOM_HOLD=2m"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cfg.Listen, cfg.Hold)
	// Output: :9000 2m0s
}
