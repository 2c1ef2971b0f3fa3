/** The data directory: rights, space. */
import { access, constants, readdir, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { formatBytes } from '../terminal/format.ts';
import { fail, ok, warn, type Check } from './check.ts';

const GIB = 1024 ** 3;
const SPACE = { warn: 10 * GIB, fail: GIB };
/** Files of the data directory that open something. */
const PRIVATE_FILES = ['api-key', 'runner-token', 'master-key'];
const OTHERS = 0o077;

export async function checkDataDir(dataDir: string): Promise<Check[]> {
  return [await checkRights(dataDir), await checkSpace(dataDir)];
}

async function checkRights(dataDir: string): Promise<Check> {
  const found = await stat(dataDir).catch(() => undefined);
  if (found === undefined) {
    const parent = await nearestFolder(dataDir);
    if (await isWritable(parent))
      return ok('data directory', `${dataDir}, made at the first start`);
    return fail(
      'data directory',
      `${dataDir} cannot be made: ${parent} is not writable for this user`,
      'name another one: --data-dir DIR, or BYTENITE_DATA_DIR',
    );
  }
  if (!found.isDirectory()) {
    return fail('data directory', `${dataDir} is not a folder`, 'name another one: --data-dir DIR');
  }
  if (!(await isWritable(dataDir))) {
    const fix = `give it to the user that runs the platform: chown -R USER '${dataDir}'`;
    return fail('data directory', `${dataDir} is not writable for this user`, fix);
  }
  const open = await findOpen(dataDir);
  if (open.length === 0) return ok('data directory', dataDir);
  const list = open.map((file) => `'${file}'`).join(' ');
  return warn('data directory', `other users can read ${list}`, `close them: chmod go= ${list}`);
}

/** What others could read, though it is for the platform alone. */
async function findOpen(dataDir: string): Promise<string[]> {
  const names = await readdir(dataDir);
  const files = PRIVATE_FILES.filter((name) => names.includes(name));
  const places = [dataDir, ...files.map((name) => path.join(dataDir, name))];
  const modes = await Promise.all(places.map(async (place) => (await stat(place)).mode));
  // Behind a closed folder nobody reaches a file.
  if (((modes[0] ?? 0) & OTHERS) === 0) return [];
  return places.filter((_, i) => ((modes[i] ?? 0) & OTHERS) !== 0);
}

async function checkSpace(dataDir: string): Promise<Check> {
  const folder = await nearestFolder(dataDir);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const words = `${formatBytes(free)} free for ${dataDir}`;
  const fix = 'make room, or name a data directory on another disk: --data-dir DIR';
  if (free < SPACE.fail) return fail('disk', words, fix);
  return free < SPACE.warn ? warn('disk', words, fix) : ok('disk', words);
}

/** The folder itself, or the one above it that is there. */
async function nearestFolder(folder: string): Promise<string> {
  for (let place = folder; ; place = path.dirname(place)) {
    if (place === path.dirname(place)) return place;
    const found = await stat(place).catch(() => undefined);
    if (found?.isDirectory()) return place;
  }
}

function isWritable(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}
