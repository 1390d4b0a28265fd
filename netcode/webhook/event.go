package webhook

import (
	"encoding/json"
	"time"
)

// The types of events.
const (
	// RoomMade: a room was made. Data is a Made.
	RoomMade = "room.made"
	// RoomEnded: it has ended, and nothing comes from it any more. Data is an Ended.
	RoomEnded = "room.ended"
	// RoomResult: its game has reported how its match has ended. Data is a Result.
	RoomResult = "room.result"
	// RoomMessage: its game has told something, by world.Room.Tell. Data is a Message.
	RoomMessage = "room.message"
	// PlayerJoined: somebody has come in, to play or to watch. Data is a Player.
	PlayerJoined = "player.joined"
	// PlayerLeft: somebody has left for good. Data is a Player.
	PlayerLeft = "player.left"
)

// Types lists the types of events.
func Types() []string {
	return []string{RoomMade, RoomEnded, RoomResult, RoomMessage, PlayerJoined, PlayerLeft}
}

// Event is what has happened in a room. In JSON it is the body of a webhook, and the field
// "event" of an entry of the stream in Redis.
type Event struct {
	// ID is the event's own. It is the same whenever the event comes again.
	ID string `json:"id"`
	// Type is one of Types. There may be more with newer servers; they can be passed over.
	Type string `json:"type"`
	// Time is when it happened, by the server's clock.
	Time time.Time `json:"timestamp"`
	// Room is where, Kind of which kind it is, Node the server that runs it.
	Room string `json:"room"`
	Kind string `json:"kind"`
	Node string `json:"node"`
	// Life tells a room from one before it with the same id: that of a match that was opened
	// again, or of a show that has moved to another server.
	Life string `json:"life"`
	// Number counts the events of the room's life, from 1. One that is missing was lost, or is
	// of a type that is not sent here.
	Number uint64 `json:"number"`
	// Data is what is known beside that, by Type.
	Data json.RawMessage `json:"data,omitempty"`
}

// Made is what is known of a room that was made.
type Made struct {
	// Mode is that of the match that it is for; empty: none.
	Mode string `json:"mode,omitempty"`
	// Options are what was chosen of its options.
	Options map[string]string `json:"options,omitempty"`
	Private bool              `json:"private,omitempty"`
}

// Ended is what is known of a room that has ended.
type Ended struct {
	// Reason is what its clients were told.
	Reason string `json:"reason"`
}

// Player is somebody who has come or left.
type Player struct {
	// Player is the id, the same in all rooms. Who plays and watches comes and leaves twice.
	Player string `json:"player"`
	// Number is that in the room.
	Number    uint32 `json:"number"`
	Name      string `json:"name,omitempty"`
	Spectator bool   `json:"spectator,omitempty"`
}

// Result is how a match has ended.
type Result struct {
	Teams []TeamResult `json:"teams"`
}

// TeamResult is how a team did. In a free-for-all each player is one.
type TeamResult struct {
	// Rank is 1 for the best. Teams with the same rank have drawn.
	Rank    int          `json:"rank"`
	Players []TeamPlayer `json:"players"`
}

// TeamPlayer is how a player took part.
type TeamPlayer struct {
	Player string `json:"player"`
	// Weight is the part of the match that the player took part in, from 0 to 1; 0 stands for
	// all of it.
	Weight float64 `json:"weight,omitempty"`
	// Left is true if the player left before the end.
	Left bool `json:"left,omitempty"`
}

// Message is what a game has told, as a message of its schema.
type Message struct {
	// Message is the full name of the message's type, such as mygame.v1.GiftShown.
	Message string `json:"message"`
	// Body is the message as protobuf has it in JSON. Nothing if it can't be read by the
	// schema: then Bytes has it as the game has encoded it.
	Body  json.RawMessage `json:"body,omitempty"`
	Bytes []byte          `json:"bytes,omitempty"`
}
