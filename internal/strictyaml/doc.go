// Package strictyaml reads YAML files that people write, strictly: a key that nobody
// asked for is an error, with a guess at what was meant, and so is a value that does
// not fit its type or its bounds. An error names the file, the line, the column, the
// field and the value, and says what the value must be. All errors of a file are found
// at once.
//
// What a value is called and may be is declared by the tags of a struct's field:
//
//	yaml:"key"              its key; fields without one are not read
//	default:"5s"            what it is where nothing is said
//	min:"1s" max:"24h"      bounds of a number or time, or of the length of a text or list
//	above:"0"               a bound that is not allowed itself
//	oneof:"takeover refuse" the words that are allowed
//
// The fields of an embedded struct are taken for the struct's own.
//
// Fields, Check and Map.Fields go by these, for files as well as for what is said in
// flags and variables. What the tags can't say is read from a Map, value by value.
package strictyaml
