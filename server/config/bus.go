package config

import "time"

// Bus is about the messages that rooms and backends send each other. They are kept in Redis where
// there is one, else in memory.
type Bus struct {
	// Keep is how long the messages of a topic are kept, for who begins to listen later or was
	// cut off meanwhile.
	Keep time.Duration `yaml:"keep" default:"1h" min:"1s" max:"168h"`
	// KeepMessages is how many messages of a topic are kept at most.
	KeepMessages int `yaml:"keep_messages" default:"10000" min:"10" max:"10000000"`
	// KeepBytes is how many bytes of messages of a topic are kept in memory at most. It is not looked
	// at where there is a Redis.
	KeepBytes int `yaml:"keep_bytes" default:"16777216" min:"1024" max:"17179869184"`
	// Keys is how long the key of a backend's message is known: what is posted with it once more
	// in that time is the same message.
	Keys time.Duration `yaml:"keys" default:"24h" min:"1m" max:"720h"`
	// Queue is how many messages may wait on this server while Redis is away. What rooms post beyond
	// is lost, and counted.
	Queue int `yaml:"queue" default:"50000" min:"10" max:"10000000"`
	// QueueBytes is how many bytes those may have.
	QueueBytes int `yaml:"queue_bytes" default:"67108864" min:"4096" max:"17179869184"`
}

// Async is about the work that rooms have done beside themselves.
type Async struct {
	// PerRoom is how much of it one room may have under way.
	PerRoom int `yaml:"per_room" default:"16" min:"1" max:"100000"`
	// AtOnce is how much of all rooms is done at once; what is beyond waits.
	AtOnce int `yaml:"at_once" default:"64" min:"1" max:"100000"`
}
