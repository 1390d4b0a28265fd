// Package predict shows what a player steers as it will be when the server has the newest input, so that it
// reacts at once. It is for programs that use package client, and does what Room.predict of the TypeScript
// library does; docs/feel.md explains it.
//
// It knows no socket, goroutine or clock: its one method Update is called in each frame.
package predict
