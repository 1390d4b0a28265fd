// Package storetest holds no code, only the tests that all implementations of matchmaking's
// stores pass: in memory, on one Redis, on a cluster, and on one with replicas that fails
// over.
package storetest
