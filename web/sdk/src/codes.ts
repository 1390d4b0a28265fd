// The close codes that the library knows by name, one constant each.

export const Done = 1000;
export const GoingAway = 1001;
export const Lost = 1006;
export const ServerFault = 1011;
export const TryLater = 1013;
export const HelloTimeout = 4000;
export const BadHello = 4001;
export const NoSuchRoom = 4002;
export const RoomFull = 4003;
export const RoomClosed = 4004;
export const RoomFailed = 4005;
export const Schema = 4006;
export const BadMessage = 4007;
export const RateLimited = 4008;
export const Overflow = 4009;
export const Idle = 4010;
export const Kicked = 4011;
export const ServerFull = 4012;
export const SessionGone = 4013;
export const TakenOver = 4014;
