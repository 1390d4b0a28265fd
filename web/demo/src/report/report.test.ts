// Bundles the page of reports into the one file that the program has in it, also where it is
// built without Node.js. `npm run report -w demo` writes it, else what
// is in the repository is held to it.

import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const output = at('../../../../internal/reportpage/report.html');

/** The page, with a place for the data. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [at('report.ts'), at('report.css')],
    bundle: true,
    minify: true,
    format: 'iife',
    target: ['es2022', 'chrome100', 'firefox100', 'safari15'],
    charset: 'utf8',
    legalComments: 'eof',
    outdir: at('.'),
    write: false,
  });
  let page = await readFile(at('report.html'), 'utf8');
  for (const [place, ending] of [
    ['/*style*/', '.css'],
    ['/*script*/', '.js'],
  ]) {
    const text = outputFiles.find((f) => f.path.endsWith(ending))!.text.trim();
    if (/<\/(script|style)/i.test(text)) throw new Error(`the ${ending} would end its element`);
    page = page.replace(place, () => text);
  }
  return page;
}

test('the page of reports in the repository is the one that is built: run `npm run report -w demo`', async () => {
  const page = await bundle();
  if (process.env.UPDATE) await writeFile(output, page);
  expect((await readFile(output, 'utf8')) === page).toBe(true);
});
