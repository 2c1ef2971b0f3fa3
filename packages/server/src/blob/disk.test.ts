import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { mkdir, readFile, readdir, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { afterAll, describe, expect, it } from 'vitest';

import { BlobExists } from './blob-store.ts';
import { describeBlobStore } from './blob-store.conformance.ts';
import { openDiskBlobStore } from './disk.ts';

const root = mkdtempSync(join(tmpdir(), 'blob-disk-'));
let lastDir = 0;

function newDir(): string {
  lastDir += 1;
  return join(root, String(lastDir));
}

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

describeBlobStore('disk', async () => openDiskBlobStore({ dir: newDir() }));
describeBlobStore('disk with few open files', async () =>
  openDiskBlobStore({ dir: newDir(), maxOpenFiles: 2 }),
);

describe('disk blob store on the disk', () => {
  it('keeps folders and files to its own user', async () => {
    const dir = newDir();
    const store = await openDiskBlobStore({ dir });
    await store.put('job/1/a', Buffer.from('x'));
    const modes = await Promise.all(
      ['', 'tmp', 'objects', 'objects/job', 'objects/job/1', 'objects/job/1/a'].map(
        async (name) => {
          return (await stat(join(dir, name))).mode & 0o777;
        },
      ),
    );
    expect(modes).toEqual([0o700, 0o700, 0o700, 0o700, 0o700, 0o600]);
    await store.close();
  });

  it('removes the temporary files of a dead process when it opens, and its own at once', async () => {
    const dir = newDir();
    await mkdir(join(dir, 'tmp/1'), { recursive: true });
    await writeFile(join(dir, 'tmp/1/half'), 'half');
    await writeFile(join(dir, 'tmp/2'), 'half');
    const store = await openDiskBlobStore({ dir });
    await store.put('a', Buffer.from('x'));
    await expect(store.put('a', Buffer.from('y'))).rejects.toBeInstanceOf(BlobExists);
    await store.deletePrefix('a');
    expect(await readdir(join(dir, 'tmp'))).toEqual([]);
    await store.close();
  });

  it('closes every file it opened for reading', async () => {
    const dir = newDir();
    const store = await openDiskBlobStore({ dir, maxOpenFiles: 3 });
    const keys = Array.from({ length: 10 }, (_, i) => `k/${i}`);
    await Promise.all(keys.map((key) => store.put(key, Buffer.from(key))));
    await Promise.all(keys.map((key) => store.read(key, { offset: 0, length: 1 })));
    await store.close();
    expect(await openFilesBelow(dir)).toEqual([]);
  });

  it('has every acknowledged object whole, and no torn one, after the process was killed', async () => {
    const dir = newDir();
    const acknowledged = await putUntilKilled(dir, 40);
    const store = await openDiskBlobStore({ dir });
    const listed = new Map<string, string>();
    for await (const key of store.list('')) {
      const bytes = await readFile(join(dir, 'objects', key));
      expect(bytes.byteLength).toBe(100_000);
      listed.set(key, createHash('sha256').update(bytes).digest('base64url'));
    }
    for (const [key, sha256] of acknowledged) expect(listed.get(key)).toBe(sha256);
    await store.close();
  });
});

/** Paths below `dir` that this process has open; empty where the system has no /proc. */
async function openFilesBelow(dir: string): Promise<string[]> {
  const names = await readdir('/proc/self/fd').catch(() => []);
  const links = await Promise.all(
    names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')),
  );
  return links.filter((link) => link.startsWith(dir));
}

/** Runs a process that stores objects as fast as it can and kills it after `count` acknowledgements. */
async function putUntilKilled(dir: string, count: number): Promise<Map<string, string>> {
  const script = `
    import { randomFillSync } from 'node:crypto';
    import { openDiskBlobStore } from ${JSON.stringify(new URL('./disk.ts', import.meta.url).href)};
    const store = await openDiskBlobStore({ dir: ${JSON.stringify(dir)} });
    async function work(worker) {
      for (let i = 0; ; i++) {
        const key = 'job/' + worker + '/' + i;
        const { sha256 } = await store.put(key, randomFillSync(Buffer.alloc(100000)));
        process.stdout.write(key + ' ' + sha256 + '\\n');
      }
    }
    await Promise.all([0, 1, 2, 3].map(work));
  `;
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', script],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const exited = once(child, 'exit');
  const acknowledged = new Map<string, string>();
  for await (const line of createInterface({ input: child.stdout })) {
    const [key, sha256] = line.split(' ');
    // A line that the kill cut short acknowledges nothing.
    if (key !== undefined && sha256?.length === 43) acknowledged.set(key, sha256);
    if (acknowledged.size === count) child.kill('SIGKILL');
  }
  await exited;
  expect(acknowledged.size).toBeGreaterThanOrEqual(count);
  return acknowledged;
}
