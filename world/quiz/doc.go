// Package quiz is a quiz show for audiences of any size: questions with a time to answer, in which
// who is wrong is out, or right answers earn points.
//
// A show is a room that no client joins ([ShowKind]); it has the questions, their keys and the
// clock. Its houses ([Kind]) are rooms that contestants, spectators and hosts join; each has the
// answers and scores of its own contestants. They talk by messages: down go the state of the show,
// without keys before they may be known, and ranks; up go counts of answers and histograms of
// scores, which add up, so that what a show does depends on its houses and not on their contestants.
package quiz
