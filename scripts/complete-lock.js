/**
 * Fills holes in package-lock.json. Tools such as oxlint ship one optional package per platform; an npm
 * registry that mirrors only some platforms makes `npm install` leave the others out of the lock, and
 * `npm ci` then refuses it everywhere. Their versions are pinned by the tool itself, so they can be
 * written down unseen (without an integrity hash). Run it after an install that changed such a tool.
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from './lib/run.js';

/** @typedef {{ version?: string, cpu?: string[], os?: string[], libc?: string[], dev?: true, optional?: true, optionalDependencies?: Record<string, string> }} LockEntry */

const FILE = path.join(root, 'package-lock.json');
const PLATFORM =
  /(android|darwin|freebsd|linux|openharmony|win32)-(arm64|arm|x64|ia32|loong64|riscv64|s390x|ppc64)/;

/**
 * @param {string} name
 * @param {string} version
 * @param {LockEntry} parent
 * @returns {LockEntry | undefined}
 */
function entryFor(name, version, parent) {
  const [, os, cpu] = PLATFORM.exec(name) ?? [];
  // A range, or a name that tells no platform, cannot be completed unseen.
  if (os === undefined || cpu === undefined || !/^\d/.test(version)) return undefined;
  const libc = name.includes('musl') ? ['musl'] : name.includes('gnu') ? ['glibc'] : undefined;
  return {
    version,
    cpu: [cpu],
    ...(parent.dev && { dev: true }),
    ...(os === 'linux' && libc && { libc }),
    optional: true,
    os: [os],
  };
}

async function main() {
  const lock = JSON.parse(await readFile(FILE, 'utf8'));
  /** @type {Map<string, LockEntry>} */
  const packages = new Map(Object.entries(lock.packages));
  const before = packages.size;
  for (const parent of packages.values()) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      const key = `node_modules/${name}`;
      const entry = entryFor(name, version, parent);
      if (!packages.has(key) && entry !== undefined) packages.set(key, entry);
    }
  }
  // npm's own order, so that its next write changes nothing.
  const sorted = [...packages].sort(([a], [b]) => a.localeCompare(b, 'en'));
  lock.packages = Object.fromEntries(sorted);
  await writeFile(FILE, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`${packages.size - before} platform packages added to package-lock.json`);
}

await main();
