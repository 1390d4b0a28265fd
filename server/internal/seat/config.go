package seat

import (
	"crypto/rand"
	"time"
)

// Config says how seats are made and checked.
type Config struct {
	// Required refuses clients that come without a seat, but for those who come back.
	Required bool `koanf:"required"`
	// SecretFiles hold the secrets that the matchmaker and all nodes share, each of 32
	// bytes or more. The first makes seats, all are good for checking. Empty: a random
	// one, for a matchmaker and rooms in one process.
	SecretFiles []string `koanf:"secret_files" validate:"max=8,dive,required"`
	// TTL is how long a player may take to come with a seat.
	TTL time.Duration `koanf:"ttl" validate:"min=1s,max=10m"`
	// Leeway is how far the clocks of matchmaker and node may be apart.
	Leeway time.Duration `koanf:"leeway" validate:"min=0s,max=1m"`
	// MaxUsed bounds the used seats that a node remembers, those of about TTL and
	// Leeway. When it is reached players are told to come back.
	MaxUsed int `koanf:"max_used" validate:"min=1,max=100000000"`
}

// Default gives the configuration of a server that is told nothing.
func Default() Config {
	return Config{TTL: 30 * time.Second, Leeway: 5 * time.Second, MaxUsed: 200_000}
}

// Keys reads the secrets.
func (c Config) Keys() (*Keys, error) {
	secrets, err := c.Secrets()
	if err != nil {
		return nil, err
	}
	return NewKeys(secrets...)
}

// Secrets reads the secrets; where there are none it makes a random one.
func (c Config) Secrets() ([][]byte, error) {
	if len(c.SecretFiles) == 0 {
		b := make([]byte, MinSecret)
		_, _ = rand.Read(b) // it ends the program rather than fail
		return [][]byte{b}, nil
	}
	var secrets [][]byte
	for _, f := range c.SecretFiles {
		s, err := ReadSecret(f)
		if err != nil {
			return nil, err
		}
		secrets = append(secrets, s)
	}
	return secrets, nil
}
