// Package audience plays live rooms as an audience, for bots: viewers who write comments and
// see what others write, and contestants of a quiz. Each of the two is a crew of package bots,
// since what one has done is to be found with the others: it knows who has sent what and when,
// works out what should have come of it, and counts where that differs from what the others see.
package audience
