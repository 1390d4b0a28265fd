/**
 * The quiz, a show with questions: `import { quiz } from '@tickroom/client/games/quiz'`.
 *
 * @module
 */
export * as quiz from '../gen/tickroom/quiz/v1/quiz.tickroom.js';
