// Package status is the page that tells the public how a server is doing, as JSON: what
// pages and players like to know, and nothing of who plays.
//
// This file has what it says, page.go how that is put together and served.
package status

// Status is the page.
type Status struct {
	Version        string       `json:"version"`
	Uptime         float64      `json:"uptime_seconds"`
	Rooms          int          `json:"rooms"`
	Players        int          `json:"players"`
	Spectators     int          `json:"spectators"`
	Away           int          `json:"away"` // whose connection is lost and whose session is held
	MaxConnections int          `json:"max_connections"`
	Rates          Rates        `json:"rates"`
	Kinds          []KindStatus `json:"kinds"`
	Open           []RoomStatus `json:"open_rooms"` // rooms with a free place, the fullest first, no more than 50
	History        Series       `json:"history"`
}

// Rates are per second, over the last second or so.
type Rates struct {
	MessagesIn  float64 `json:"messages_in"`
	MessagesOut float64 `json:"messages_out"`
	BytesIn     float64 `json:"bytes_in"`
	BytesOut    float64 `json:"bytes_out"`
	Snapshots   float64 `json:"snapshots"`
	Ticks       float64 `json:"ticks"`
	TickMillis  float64 `json:"tick_ms"` // how long a tick took, the mean
}

// Series has a value for each second of the last minute, the oldest first.
type Series struct {
	Clients     []int     `json:"clients"` // players and spectators
	MessagesIn  []float64 `json:"messages_in"`
	MessagesOut []float64 `json:"messages_out"`
	BytesOut    []float64 `json:"bytes_out"`
}

// KindStatus sums up the rooms of a kind.
type KindStatus struct {
	Kind       string `json:"kind"`
	Doc        string `json:"doc"`
	Watchable  bool   `json:"watchable"` // whether one can join to watch
	Rooms      int    `json:"rooms"`
	Players    int    `json:"players"`
	Spectators int    `json:"spectators"`
	Away       int    `json:"away"`
	Capacity   int    `json:"capacity"`
	Entities   int    `json:"entities"`
	Rates      Rates  `json:"rates"`
}

// RoomStatus is a room that can be joined.
type RoomStatus struct {
	ID         string  `json:"id"`
	Kind       string  `json:"kind"`
	Players    int     `json:"players"`
	Spectators int     `json:"spectators"`
	Away       int     `json:"away"`
	Asleep     bool    `json:"asleep,omitempty"` // nobody is connected, and its world stands still
	Capacity   int     `json:"capacity"`
	Entities   int     `json:"entities"`
	TickRate   float64 `json:"tick_rate"`
	TickMillis float64 `json:"tick_ms"`
	Age        float64 `json:"age_seconds"`
}
