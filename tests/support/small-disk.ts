/** A small file system of its own, which a test may fill for real. */
import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface SmallDisk {
  dir: string;
  /** False, and said aloud, where this user may not mount. */
  isMounted: boolean;
  remove: () => Promise<void>;
}

export async function mountSmallDisk(mib: number): Promise<SmallDisk> {
  const dir = await mkdtemp(path.join(tmpdir(), 'bytenite-disk-'));
  const isMounted = mount(dir, mib);
  await chmod(dir, 0o755);
  return {
    dir,
    isMounted,
    async remove() {
      if (isMounted) execFileSync('umount', ['-l', dir]);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function mount(dir: string, mib: number): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mib}m,mode=755`, 'tmpfs', dir]);
    return true;
  } catch (error) {
    process.stderr.write(`SKIPPED, the disk that runs full: no mount (${String(error)})\n`);
    return false;
  }
}
