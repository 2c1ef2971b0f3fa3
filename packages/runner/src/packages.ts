/**
 * Components' packages, unpacked once per hash and shared by all their tasks. Unpacked are the files
 * below `app/`, and an entrypoint that lies only beside it (contract 8.1). Everything is read-only and,
 * as root, owned by root: no task can change what the next one runs.
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Header } from 'tar-stream';
import { StageError } from './errors.ts';
import { removeTree } from './remove-tree.ts';

const APP_FOLDER = 'app/';

export interface PackageSource {
  openPackage(hashHex: string, signal: AbortSignal): Promise<Readable>;
}

export interface PackageRequest {
  /** Base64 SHA-256 of the tar. */
  hash: string;
  entrypoint: string;
}

interface CachedPackage {
  dir: string;
  bytes: number;
  users: number;
  usedAt: number;
}

export interface PackageUse {
  dir: string;
  release(): void;
}

export class PackageCache {
  private readonly cached = new Map<string, CachedPackage>();
  private readonly arriving = new Map<string, Promise<CachedPackage>>();
  private uses = 0;

  private readonly root: string;
  private readonly source: PackageSource;
  private readonly limitBytes: number;

  constructor(root: string, source: PackageSource, limitBytes: number) {
    this.root = root;
    this.source = source;
    this.limitBytes = limitBytes;
  }

  /** Learns what an earlier run of the program left here. */
  async load(): Promise<void> {
    await mkdir(this.root, { recursive: true, mode: 0o711 });
    for (const name of await readdir(this.root)) {
      const dir = join(this.root, name);
      if (!/^[0-9a-f]{64}-/.test(name)) await removeTree(dir);
      else this.cached.set(name, { dir, bytes: await folderBytes(dir), users: 0, usedAt: 0 });
    }
  }

  /** The package when it is here already: the path of nearly every task, without a turn of the loop. */
  peek(request: PackageRequest): PackageUse | undefined {
    const found = this.cached.get(keyOf(request));
    return found && this.use(found);
  }

  async get(request: PackageRequest, signal: AbortSignal): Promise<PackageUse> {
    const key = keyOf(request);
    let found = this.cached.get(key);
    if (!found) {
      let arriving = this.arriving.get(key);
      if (!arriving) {
        arriving = this.fetch(key, request, signal).finally(() => this.arriving.delete(key));
        this.arriving.set(key, arriving);
      }
      found = await arriving;
    }
    return this.use(found);
  }

  private use(found: CachedPackage): PackageUse {
    found.users++;
    found.usedAt = ++this.uses;
    return { dir: found.dir, release: () => void found.users-- };
  }

  private async fetch(
    key: string,
    request: PackageRequest,
    signal: AbortSignal,
  ): Promise<CachedPackage> {
    const hex = Buffer.from(request.hash, 'base64').toString('hex');
    const temporary = join(this.root, `tmp-${key}`);
    await removeTree(temporary);
    await mkdir(temporary, { mode: 0o700 });
    try {
      const tar = await this.source.openPackage(hex, signal);
      const bytes = await unpack(tar, temporary, request.entrypoint, hex);
      const dir = join(this.root, key);
      await chmod(temporary, 0o555);
      await rename(temporary, dir);
      const cached = { dir, bytes, users: 0, usedAt: 0 };
      this.cached.set(key, cached);
      await this.evict(cached);
      return cached;
    } catch (error) {
      await removeTree(temporary);
      throw error;
    }
  }

  private async evict(keep: CachedPackage): Promise<void> {
    let total = 0;
    for (const { bytes } of this.cached.values()) total += bytes;
    const idle = [...this.cached].filter(([, entry]) => entry.users === 0 && entry !== keep);
    idle.sort(([, a], [, b]) => a.usedAt - b.usedAt);
    for (const [key, entry] of idle) {
      if (total <= this.limitBytes) return;
      this.cached.delete(key);
      total -= entry.bytes;
      await removeTree(entry.dir);
    }
  }
}

/** The entrypoint is part of the key: it decides which file from beside `app/` is added. */
function keyOf({ hash, entrypoint }: PackageRequest): string {
  const hex = Buffer.from(hash, 'base64').toString('hex');
  return `${hex}-${createHash('sha256').update(entrypoint).digest('hex').slice(0, 8)}`;
}

/** Unpacks while the bytes arrive; throws when they are not the promised ones. */
async function unpack(
  tar: Readable,
  dir: string,
  entrypoint: string,
  hex: string,
): Promise<number> {
  const digest = createHash('sha256');
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      digest.update(chunk);
      done(null, chunk);
    },
  });
  const entries = extract();
  const feeding = pipeline(tar, hashing, entries as unknown as NodeJS.WritableStream);
  // Reported by the loop below as well; not awaited yet.
  feeding.catch(() => undefined);
  const folders = new Set<string>([dir]);
  let bytes = 0;
  let hasEntrypoint = false;
  let beside: string | undefined;
  for await (const entry of entries) {
    const { header } = entry;
    const place = header.type === 'file' ? placeOf(header, entrypoint) : undefined;
    if (place === undefined || (place.isBeside && hasEntrypoint)) {
      entry.resume();
      continue;
    }
    const isEntrypoint = place.path === entrypoint;
    const path = join(dir, place.path);
    // `app/` sorts first, but nothing depends on it: the file in `app/` replaces the one beside it.
    if (isEntrypoint && beside !== undefined) await rm(beside, { force: true });
    await makeFolders(dir, path, folders);
    const mode = isEntrypoint || ((header.mode ?? 0) & 0o111) !== 0 ? 0o555 : 0o444;
    await pipeline(
      entry as unknown as NodeJS.ReadableStream,
      createWriteStream(path, { flags: 'wx', mode }),
    );
    bytes += header.size ?? 0;
    if (isEntrypoint) {
      if (place.isBeside) beside = path;
      hasEntrypoint = true;
    }
  }
  await feeding;
  if (digest.digest('hex') !== hex) {
    throw new StageError('INTERNAL', 'the package arrived damaged: its SHA-256 differs');
  }
  if (!hasEntrypoint) throw new StageError('INTERNAL', `the package has no ${entrypoint}`);
  for (const folder of folders) if (folder !== dir) await chmod(folder, 0o555);
  return bytes;
}

function placeOf(
  header: Header,
  entrypoint: string,
): { path: string; isBeside: boolean } | undefined {
  const { name } = header;
  const segments = name.split('/');
  if (segments.some((s) => s === '' || s === '.' || s === '..' || s.includes('\0'))) {
    throw new StageError('INTERNAL', `the package holds an unsafe path: ${name}`);
  }
  if (name.startsWith(APP_FOLDER)) return { path: name.slice(APP_FOLDER.length), isBeside: false };
  return name === entrypoint ? { path: name, isBeside: true } : undefined;
}

async function makeFolders(root: string, path: string, folders: Set<string>): Promise<void> {
  const missing: string[] = [];
  for (let dir = dirname(path); !folders.has(dir); dir = dirname(dir)) missing.push(dir);
  if (missing.length > 0) await mkdir(missing[0] as string, { recursive: true, mode: 0o755 });
  for (const dir of missing) if (dir.startsWith(root)) folders.add(dir);
}

async function folderBytes(dir: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(dir, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}
