// Package redisdata is the form of what tickroom keeps in Redis: the names of all keys, the
// encoding of what is stored there, and how scripts are called. It knows nothing of what it
// means.
package redisdata

import (
	"strconv"
	"strings"
)

// Space is the keys of one store. They have one hash tag, and so are on one node of a
// cluster: {PREFIX + tag}:KEY. A store of some thousand operations a second is what one
// Redis carries; a room takes a few hundred bytes, a ticket one or two thousand.
type Space struct {
	tag  string
	keys []key
}

// key is a kind of key: the name that scripts and programs know it by, how it begins (an id
// follows if it ends with a colon), its type, what it holds, and how long it is kept.
type key struct{ name, begins, typ, holds, kept string }

const forGood = "for good"

// Acks follows the prefix of the spaces whose changes replicas acknowledge: a counter, so
// that each change writes something. It is kept for good.
const Acks = "acks"

// The keys of matchmaking. What is kept for long, such as EndedKept, is in package
// matchmaking/store.
var (
	// Tickets are tickets, queues and matches.
	Tickets = Space{"mm", []key{
		{"ticket", "t:", "hash", "TICKET: b itself, q its queue, s its state, m its match, p its players (packed)", "GatheringKept, WaitingKept or EndedKept"},
		{"player", "p:", "string", "PLAYER: the ticket in which the player is ready and that has not ended", "as that ticket"},
		{"queue", "h:", "hash", "QUEUE: n the newest number of waits, asks and gone; token, owner and until (ms) of the newest lease", forGood},
		{"waits", "w:", "zset", "QUEUE: the tickets that wait, by number", forGood},
		{"asks", "a:", "zset", "QUEUE: the backfill requests, by number", forGood},
		{"gone", "x:", "zset", "QUEUE: tickets and requests that have ended otherwise than by the matcher, by number", "the newest ones"},
		{"request", "f:", "hash", "REQUEST: b itself, q its queue, r its room", "MatchKept"},
		{"asked", "r:", "string", "ROOM: its request", "MatchKept"},
		{"granted", "y:", "string", "REQUEST: there if it was granted", "MatchKept"},
		{"match", "m:", "hash", "MATCH: b itself, c its code", "MatchKept"},
		{"code", "c:", "string", "CODE: the match with the code", "MatchKept"},
		{"playing", "g:", "string", "PLAYER: the match that the player is in, which may be forgotten already", "MatchKept"},
		{"players", "mp:", "set", "MATCH: who plays in it", "MatchKept"},
		{"events", "events", "channel", "tickets whose state has changed, as a JSON list", ""},
	}}
	// Rooms are the directory.
	Rooms = Space{"rooms", []key{
		{"room", "room:", "hash", "ROOM: b as it was listed, o its occupancy as it was reported; what scripts look at: kind, mode, node, region, spread, closed, rev, due; rooms, places and taken as they count in load", "until removed"},
		{"held", "held:", "zset", "p or s and ROOM: whom places to play or to watch from are reserved for, by when that ends (ms)", "until removed"},
		{"made", "made:", "hash", "ROOM: by p or s and name: when the reservation was made (ms)", "until removed"},
		{"last", "last:", "string", "p or s and NAME: the room in which a search has reserved a place", "as the reservation"},
		{"all", "all", "zset", "the rooms", forGood},
		{"node", "node:", "zset", "NODE: its rooms", "until removed"},
		{"nodes", "nodes", "set", "the nodes that have rooms", forGood},
		{"open", "open:", "zset", "p or s, then KIND MODE REGION NODE, each with its length: the rooms that a search may find, by places to play that are taken, or if they are spread by places that are free", "until full"},
		{"load", "load:", "hash", "KIND MODE REGION NODE, each with its length: over the spread rooms that players are sent to, how many rooms, places and taken ones there are", "while there are such rooms"},
		{"due", "due", "zset", "the rooms with reservations, by when the first one ends (ms)", forGood},
	}}
	// Nodes are the servers.
	Nodes = Space{"nodes", []key{
		{"nodes", "nodes", "hash", "by node: itself", forGood},
		{"silent", "until", "zset", "the nodes, by when they have been silent for too long (ms)", forGood},
	}}
	// Claims are who has what of which there is one at a time.
	Claims = Space{"claims", []key{
		{"claim", "claim:", "hash", "NAME: owner, epoch and note of who has it; until, when it is free (ms); wanted, when it was last (ms)", "a day after its end"},
	}}
	// Fleet is what servers ask each other.
	Fleet = Space{"fleet", []key{
		{"node", "node:", "channel", "NODE: calls of other servers, and answers to its own, as JSON", ""},
	}}
	// Hooks are what backends are told of what happens in rooms.
	Hooks = Space{"hooks", []key{
		{"events", "events", "stream", "the events, for consumer groups of others: id, type, room, kind, event (JSON)", "hooks.stream_length of them"},
		{"queue", "queue:", "stream", "WEBHOOK: the letters that wait", "until sent or buried"},
		{"dead", "dead:", "stream", "WEBHOOK: the dead letters", "hooks.max_dead of them"},
		{"lost", "lost:", "string", "WEBHOOK: how many dead letters have made place for others", forGood},
		{"writer", "writer:", "string", "PROCESS: the number of the last letter that it has put in", "a day"},
	}}
	// Bans are the operator's bans.
	Bans = Space{"bans", []key{
		{"meta", "meta", "hash", "epoch, drawn when the first ban was added; version, of the newest change", forGood},
		{"all", "all", "hash", "by subject: the version and the ban", forGood},
		{"ends", "ends", "zset", "the subjects of bans that end, by when (ms)", forGood},
		{"changes", "changes", "channel", "changes: epoch, version, + or -, the ban or its subject", ""},
	}}
)

// Ratings are the ratings in a mode.
func Ratings(mode string) Space {
	return Space{"ratings:" + mode, []key{
		{"players", "players", "hash", "by player: the rating", forGood},
		{"rated", "rated:", "string", "MATCH: there if it was rated", "RatedKept"},
	}}
}

// BusParts is how many parts the bus has. All servers that share a Redis have the same.
const BusParts = 8

// Bus is a part of the bus: the topics whose names lead to it, by a hash.
func Bus(part int) Space {
	return Space{"bus:" + strconv.Itoa(part), []key{
		{"topic", "t:", "stream", "TOPIC: its messages: f the room, k the key, i the id and n the name of the type, d the message, s the sender, q its number there, p the message before", "bus.keep"},
		{"direct", "direct", "stream", "the messages to rooms and players, likewise, with t the topic", "bus.keep"},
		{"last", "l:", "string", "t and TOPIC, or d: the newest message of that stream", "bus.keep"},
		{"key", "k:", "string", "TOPIC (with its length) and KEY: the message with the key", "bus.keys"},
		{"sender", "s:", "hash", "SENDER: first and last number of its newest batch, ids of the messages in that", "a day"},
		{"floor", "floor", "string", "a message that somebody knows and a fail-over may have lost: new ones come after it", "an hour"},
		{"wake", "w:", "stream", "READER: one entry when it is to stop waiting", "a minute"},
	}}
}

// UsedSeat returns the key of a seat that was used: a string, kept for a minute longer than
// the seat is good. Each has a place of its own in a cluster.
func UsedSeat(prefix, id string) string { return prefix + "seat:" + id }

// Prefix returns how the keys of a space begin, where all keys begin with prefix.
func (s Space) Prefix(prefix string) string { return "{" + prefix + s.tag + "}:" }

// Key returns the key with a name; ids follow if it is one of many.
func (s Space) Key(prefix, name string, ids ...string) string {
	for _, k := range s.keys {
		if k.name == name {
			return s.Prefix(prefix) + k.begins + strings.Join(ids, "")
		}
	}
	panic("redisdata: the space " + s.tag + " has no key " + name)
}
