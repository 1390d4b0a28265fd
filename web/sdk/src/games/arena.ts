/**
 * The arena, a top-down shooter: `import { arena } from '@tickroom/client/games/arena'`.
 *
 * @module
 */
export * as arena from '../gen/tickroom/arena/v1/arena.tickroom.js';
