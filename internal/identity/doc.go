// Package identity finds out who a client is. It verifies the tokens that a game's own
// account service signs, makes identities for guests, and mints tokens for
// development.
//
// A token is a JSON Web Token (RFC 7519) in compact form, signed with HS256, EdDSA
// (Ed25519) or RS256. No other algorithm is accepted, and a key is good for one
// algorithm alone, whatever a token's header has: the header chooses among the
// keys of its algorithm, never how a key is used (RFC 8725, section 3.1). These
// claims are read:
//
//	sub    the player's id: 1 to 128 printable ASCII characters without spaces
//	name   the player's name for others, optional; cut at 64 bytes
//	roles  what the player may do, optional: a list, or words in one string
//	shows  the shows in which its holder is host, moderator or admin, optional: a list, or
//	       names in one string; without it everywhere
//	exp    when the token expires; required unless Config.AllowNoExpiry
//	nbf    from when on it may be used, optional
//	iat    when it was made; required if Config.MaxAge is set
//	iss    who made it; required if Config.Issuer is set
//	aud    whom it is for; required if Config.Audience is set
//	jti    the token's own id, optional
//
// The roles are player, spectator, host, moderator and admin, and follower, member and subscriber. Others are ignored,
// since account services put the roles of all their systems in one claim, and a
// role only ever grants something. A token without the claim makes a player; one
// whose claim names no role of ours is refused: it was meant for somebody else, or
// misspelt, and either way it should not grant more than is in it.
//
// A header with "crit" is refused, as RFC 7515 wants of those who know none of its
// extensions, and so is a "typ" other than JWT and at+jwt: a token that was signed
// with the same key for another purpose is no identity.
//
// Errors are of type *Error. Their class says what a client should do about it;
// their text can be shown to the client, and holds nothing of a token or a key.
//
// The package closes no connection and keeps no session. A session's owner asks
// Identity.Deadline when to end it, and Verifier.Renew to prolong it.
package identity
