// Package text judges what people type: names and lines of chat, in any script.
//
// It knows which characters of Unicode can be seen, which ones belong into the words and
// emoji of some language though they can't be seen by themselves, and which ones only
// deceive. Lengths are in characters as a reader counts them: grapheme clusters of
// Unicode Standard Annex #29. Nothing here knows words; a filter for those is another thing.
//
// All functions are pure, and return the same for the same text in the same build, so that
// games may call them.
package text
