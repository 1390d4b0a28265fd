// Package faults holds no code, only the proof that whatever happens between the servers and
// Redis, the directory tells the truth again soon after: players come, go and are cut off, on
// several servers, while calls are lost, repeated and late, connections break, Redis hangs, and
// a replica takes over that lacks what was written last. Package redisfault does the harm.
//
//	faults_test.go  the test: rounds of harm, and what must hold after each
//	site_test.go    two servers, a proxy, a Redis with a replica
//	truth_test.go   what is so, and what the directory says
//	player_test.go  what players do
//	report_test.go  the progress, and the table at the end
//
// It runs for some seconds with the other tests, and for long with make faults.
package faults
