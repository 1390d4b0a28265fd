// Package pilots plays the kinds of rooms that tickroom brings along, as bots do: from
// what a client holds of the state to its next input. Package bots makes the clients.
package pilots
