/** What people do by hand: the same script over the same chunk files, two at a time. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { cpuTimes } from '../processes.ts';
import { progress, PYTHON } from '../report.ts';
import { linesOf, type Case } from './cases.ts';
import type { Measured } from './measured.ts';

export interface Peer {
  name: string;
  /** Reads names of chunks from its standard input and runs the script for each. */
  command: string;
}

/** A real one, as who starts bubblewrap as root must take: none of its tasks is root then. */
const OTHER_UID = 63_999;
const LAUNCHER = path.resolve(import.meta.dirname, '../../../packages/runner/launcher');
const RUN_LIMIT_MS = 15 * 60_000;

/** Those that are installed; says which are not. */
export function peersHere(): Peer[] {
  const known = [
    { name: 'GNU parallel', needs: 'parallel', command: `parallel --will-cite -j2 ${PLAIN}` },
    { name: 'xargs', needs: 'xargs', command: `xargs -P2 -I{} ${PLAIN}` },
    { name: 'bubblewrap', needs: 'bwrap', command: bubblewrap() },
  ];
  return known.filter(({ name, needs }) => {
    if (spawnSync('sh', ['-c', `command -v ${needs}`]).status === 0) return true;
    progress(`SKIPPED, ${name}: there is no ${needs} here (Debian: the package of that name)`);
    return false;
  });
}

const PLAIN = `${PYTHON} script.py chunks/{} results/{}`;

/**
 * Everything that it can keep apart, as the tier namespace does: all namespaces, no rights, a root of its own, a filter of
 * system calls, which is opened anew for each task because it is read to its end.
 */
function bubblewrap(): string {
  const words = `--unshare-user --unshare-ipc --unshare-pid --unshare-uts --unshare-cgroup --unshare-net --disable-userns
    --die-with-parent --new-session --cap-drop ALL --uid 1000 --gid 1000 --hostname task --clearenv --seccomp 3
    --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/sbin /sbin --symlink usr/lib /lib --symlink usr/lib64 /lib64
    --dir /etc --ro-bind /etc/ld.so.cache /etc/ld.so.cache --ro-bind-try /etc/alternatives /etc/alternatives
    --ro-bind-try /etc/localtime /etc/localtime --proc /proc --dev /dev --size 67108864 --tmpfs /tmp
    --ro-bind $PWD/script.py /task/script.py --ro-bind $PWD/chunks/{} /task/in --bind $PWD/results /task/out --chdir /task
    --remount-ro / --setenv PATH /usr/bin:/bin --setenv HOME /tmp ${PYTHON} script.py in out/{}`;
  const bwrap = `exec bwrap ${words.replaceAll(/\s+/g, ' ')} 3< filter`;
  const other = `setpriv --reuid ${OTHER_UID} --regid ${OTHER_UID} --clear-groups --no-new-privs `;
  return `${process.getuid?.() === 0 ? other : ''}xargs -P2 -I{} sh -c '${bwrap}'`;
}

/** The folder that all of them run in. */
export async function preparePeers(dir: string, { script, tasks }: Case): Promise<void> {
  await mkdir(path.join(dir, 'chunks'), { recursive: true });
  await chmod(dir, 0o755);
  await writeFile(path.join(dir, 'script.py'), script);
  const assemble = `import sys; sys.path.insert(0, ${JSON.stringify(LAUNCHER)}); import seccomp; sys.stdout.buffer.write(seccomp.assemble(${JSON.stringify(MACHINE)}))`;
  await writeFile(path.join(dir, 'filter'), execFileSync(PYTHON, ['-c', assemble]));
  const lines = linesOf(tasks);
  const names = lines.map((_, i) => chunkName(i));
  await writeFile(path.join(dir, 'names'), `${names.join('\n')}\n`);
  const chunk = (name: string) => path.join(dir, 'chunks', name);
  await Promise.all(names.map((name, i) => writeFile(chunk(name), lines[i] ?? '')));
}

const MACHINE = process.arch === 'arm64' ? 'aarch64' : 'x86_64';

function chunkName(i: number): string {
  return `data_${i}.bin`;
}

export async function runPeer(dir: string, peer: Peer, what: Case): Promise<Measured> {
  const results = path.join(dir, 'results');
  await rm(results, { recursive: true, force: true });
  await mkdir(results);
  if (process.getuid?.() === 0 && peer.name === 'bubblewrap') {
    await chown(results, OTHER_UID, OTHER_UID);
  }
  const lines = linesOf(what.tasks);
  const before = cpuTimes('self').children;
  const startedAt = performance.now();
  const options = { cwd: dir, timeout: RUN_LIMIT_MS };
  await promisify(execFile)('/bin/sh', ['-c', `${peer.command} < names`], options);
  const seconds = (performance.now() - startedAt) / 1000;
  const total = ((cpuTimes('self').children - before) * 1000) / lines.length;
  for (const [i, line] of lines.entries()) {
    const result = await readFile(path.join(results, chunkName(i)), 'utf8');
    if (result !== what.resultOf(line)) throw new Error(`${peer.name}: line ${i} gave ${result}`);
  }
  const tasksPerSecond = lines.length / seconds;
  // The program inside has bubblewrap's own process 1 for a parent, whose times are nobody's.
  return peer.name === 'bubblewrap'
    ? { tasksPerSecond }
    : { tasksPerSecond, totalCpuMsPerTask: total };
}
