import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tempFolder } from '../testing/temp-folder.ts';
import { acquireLock } from './lock.ts';
import { identify, isRunning } from './process-identity.ts';

function startSleeper() {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  if (child.pid === undefined) throw new Error('sleep did not start');
  return { child, pid: child.pid };
}

/** Takes the lock and gives it back. */
async function expectFree(dir: string): Promise<void> {
  const lock = await acquireLock(dir);
  const text = await readFile(path.join(dir, 'up.lock'), 'utf8');
  expect(JSON.parse(text)).toMatchObject({ pid: process.pid });
  lock.release();
}

describe('the lock', () => {
  it('is held once', async () => {
    const dir = await tempFolder();
    const lock = await acquireLock(dir);
    await expect(acquireLock(dir)).rejects.toThrow(`another bytenite is running on ${dir}`);
    lock.release();
    (await acquireLock(dir)).release();
  });

  it('of a process that is gone is taken over', async () => {
    expect.hasAssertions();
    const dir = await tempFolder();
    const { child, pid } = startSleeper();
    const holder = identify(pid);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await writeFile(path.join(dir, 'up.lock'), JSON.stringify({ ...holder, children: [] }));
    await expectFree(dir);
  });

  it('is not fooled by another process that got the same pid', async () => {
    expect.hasAssertions();
    const dir = await tempFolder();
    const holder = { pid: startSleeper().pid, startedAt: 'another boot 1', children: [] };
    await writeFile(path.join(dir, 'up.lock'), JSON.stringify(holder));
    await expectFree(dir);
  });

  it('whose holder was killed while writing it is taken over', async () => {
    expect.hasAssertions();
    const dir = await tempFolder();
    await writeFile(path.join(dir, 'up.lock'), '');
    await expectFree(dir);
  });

  it('waits for the children that a killed holder left', async () => {
    const dir = await tempFolder();
    const { child, pid } = startSleeper();
    const holder = { pid: 2 ** 22 + 1, startedAt: 'x', children: [identify(pid)] };
    await writeFile(path.join(dir, 'up.lock'), JSON.stringify(holder));
    const acquired = acquireLock(dir);
    child.kill('SIGTERM');
    (await acquired).release();
    expect(isRunning(identify(pid))).toBe(false);
  });

  it('goes to one of many that start at the same time', async () => {
    const dir = await tempFolder();
    const holder = { pid: 2 ** 22 + 1, startedAt: 'x', children: [] };
    await writeFile(path.join(dir, 'up.lock'), JSON.stringify(holder));
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => acquireLock(dir)));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('names the children, for whoever comes after a crash', async () => {
    const dir = await tempFolder();
    const { pid } = startSleeper();
    const lock = await acquireLock(dir);
    lock.setChildren([pid]);
    const text = await readFile(path.join(dir, 'up.lock'), 'utf8');
    expect(JSON.parse(text)).toMatchObject({ pid: process.pid, children: [identify(pid)] });
    lock.release();
  });
});
