// Runs a TypeScript program in this folder: node run.mjs perf/frames.ts
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const file = process.argv[2];
if (!file) throw new Error('which program?');
const { module } = await runnerImport(fileURLToPath(new URL(file, import.meta.url)), { logLevel: 'warn' });
await module.main(process.argv.slice(3));
