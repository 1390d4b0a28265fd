// Package recording writes the stream of comments of a live room to files, with times from the start, so that
// it can be shown beside a recording of the picture: JSON lines, and the XML that players of Bilibili's
// comments read. It sees what a viewer of the highest tier sees.
//
//	recording.go  what is written, and when: no clock, no file
//	formats.go    the two formats
//	run.go        the client that hears it, and the files
package recording
