/**
 * Puts each program into one file, `packages/<name>/dist/bundle/main.js`: loading hundreds of small ones
 * is most of what a start takes. What they find beside themselves (the launcher, skeletons) lies two
 * folders up from there, as it does from the modules in `dist`.
 */
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { fail, step } from './lib/progress.js';
import { root } from './lib/run.js';

/** Programs by package: name of the bundle to its entry below `dist`. */
const PROGRAMS = {
  cli: { main: 'main.js' },
  runner: { main: 'main.js' },
  // The threads that run schemas and read much are programs of their own.
  server: {
    main: 'main.js',
    worker: 'schema/worker.js',
    'read-thread': 'store/read-thread.js',
    backup: 'backup/main.js',
  },
};

/** CommonJS packages inside ask for `require`. */
const REQUIRE =
  "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);";

export async function bundle() {
  await step('Bundling', () =>
    Promise.all(Object.entries(PROGRAMS).map(([name, entries]) => bundlePackage(name, entries))),
  );
}

/**
 * @param {string} name
 * @param {Record<string, string>} entries
 */
async function bundlePackage(name, entries) {
  const dist = path.join(root, 'packages', name, 'dist');
  const target = path.join(dist, 'bundle');
  // Built beside it: a platform that runs from here misses its program for no more than a moment.
  const outdir = `${target}.next`;
  await rm(outdir, { recursive: true, force: true });
  await build({
    entryPoints: Object.entries(entries).map(([out, file]) => ({ in: path.join(dist, file), out })),
    outdir,
    bundle: true,
    // A command loads only its own module.
    splitting: true,
    format: 'esm',
    platform: 'node',
    // A package's own ES modules where it has them: its UMD files cannot be put together.
    mainFields: ['module', 'main'],
    target: 'node20.19',
    sourcemap: 'linked',
    sourcesContent: false,
    // Has a native part, which it looks for beside itself.
    external: ['@photostructure/sqlite'],
    banner: { js: REQUIRE },
    logLevel: 'warning',
  });
  const former = `${target}.former`;
  await rm(former, { recursive: true, force: true });
  await rename(target, former).catch((/** @type {NodeJS.ErrnoException} */ error) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rename(outdir, target);
  await rm(former, { recursive: true, force: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle().catch(fail);
