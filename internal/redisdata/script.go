package redisdata

import (
	_ "embed"
	"strings"

	"github.com/redis/go-redis/v9"
)

//go:embed common.lua
var common string

// Script returns the script of a space, made of texts that add functions to the table F.
// Their local K holds the keys of the space, and now returns the time in milliseconds.
func (s Space) Script(texts ...string) *redis.Script {
	var b strings.Builder
	b.WriteString("local K = {")
	for _, k := range s.keys {
		b.WriteString(k.name + " = ARGV[1] .. '" + k.begins + "', ")
	}
	b.WriteString("}\n" + common)
	for _, t := range texts {
		b.WriteString(t)
	}
	b.WriteString("return F[ARGV[2]](unpack(ARGV, 3))\n")
	return redis.NewScript(b.String())
}

// Call returns what a script is run with to call fn of F on the keys that begin with prefix,
// a Space's Prefix. keys tells a cluster which node is meant; the script makes the names.
func Call(prefix, fn string, args []any) (keys []string, argv []any) {
	return []string{prefix}, append([]any{prefix, fn}, args...)
}
