// Builds the library into dist/, if that is not newer than its sources. npm runs it before
// it packs the library, and when the library is installed from a checkout, so that either
// works in one that nobody has built anything in yet. What it needs for it, it installs.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const sdk = fileURLToPath(new URL('..', import.meta.url));
const web = join(sdk, '..');

if (!forUs() && !built()) build();

/** Whether it is this repository's own packages that are installed: they use the sources. */
function forUs() {
  const from = relative(web, process.env.INIT_CWD ?? sdk);
  return ['ci', 'install'].includes(process.env.npm_command) && !from.startsWith('..');
}

/** Whether dist is there, and no source is newer. */
function built() {
  const made = join(sdk, 'dist', 'index.js');
  if (!existsSync(made)) return false;
  const sources = readdirSync(join(sdk, 'src'), { recursive: true }).map((name) => join('src', name));
  const newest = Math.max(...[...sources, 'tsconfig.build.json'].map((name) => statSync(join(sdk, name)).mtimeMs));
  return statSync(made).mtimeMs > newest;
}

function build() {
  const require = createRequire(import.meta.url);
  const compiler = () => join(require.resolve('typescript/package.json'), '..', 'bin', 'tsc');
  try {
    for (const needed of ['@bufbuild/protobuf', '@connectrpc/connect', '@connectrpc/connect-web'])
      require.resolve(needed);
    compiler();
  } catch {
    // All of its output goes to standard error, since npm pack says on standard output what it has packed.
    console.error('@tickroom/client: installing what it is built with');
    const how = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '-w', 'sdk'];
    const env = Object.fromEntries(
      Object.entries(process.env).filter(
        ([name]) => !/^npm_(config_(local_)?prefix|config_workspace|command)/i.test(name),
      ),
    );
    execFileSync('npm', ['install', ...how], {
      cwd: web,
      env,
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    });
  }
  // Beside dist first, so that whoever reads that meanwhile finds all of it.
  const out = join(sdk, `dist-${process.pid}`);
  try {
    execFileSync(process.execPath, [compiler(), '-p', join(sdk, 'tsconfig.build.json'), '--outDir', out], {
      stdio: ['ignore', 2, 2],
    });
    rmSync(join(sdk, 'dist'), { recursive: true, force: true });
    renameSync(out, join(sdk, 'dist'));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}
