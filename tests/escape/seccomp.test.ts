/** The filter of either machine, run by a small reader of the kernel's format: this machine is only one of them. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../cli/cli.ts';

const ALLOW = 0x7fff_0000;
const KILL = 0x8000_0000;
const ERRNO = 0x0005_0000;
const EPERM = ERRNO | 1;
const ENOSYS = ERRNO | 38;
const EAFNOSUPPORT = ERRNO | 97;

const MACHINES = [
  { name: 'x86_64', audit: 0xc000_003e, clone: 56, unshare: 272, socket: 41, mount: 165, write: 1 },
  {
    name: 'aarch64',
    audit: 0xc000_00b7,
    clone: 220,
    unshare: 97,
    socket: 198,
    mount: 40,
    write: 64,
  },
];

/** What the kernel would do with the call. */
function judge(filter: Buffer, audit: number, number: number, ...args: number[]): number {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number, 0);
  data.writeUInt32LE(audit, 4);
  args.forEach((value, i) => data.writeUInt32LE(value, 16 + 8 * i));
  let loaded = 0;
  for (let at = 0; at < filter.length / 8; at++) {
    const code = filter.readUInt16LE(at * 8);
    const ifTrue = filter.readUInt8(at * 8 + 2);
    const ifFalse = filter.readUInt8(at * 8 + 3);
    const value = filter.readUInt32LE(at * 8 + 4);
    if (code === 0x06) return value;
    if (code === 0x20) loaded = data.readUInt32LE(value);
    else if (code === 0x54) loaded = (loaded & value) >>> 0;
    else if (code === 0x15) at += loaded === value ? ifTrue : ifFalse;
    else if (code === 0x35) at += loaded >= value ? ifTrue : ifFalse;
    else throw new Error(`unknown step ${code}`);
  }
  throw new Error('the filter ends without a verdict');
}

describe.each(MACHINES)('the filter of $name', ({ name, audit, ...calls }) => {
  const launcher = path.join(ROOT, 'packages/runner/launcher');
  const source = `import sys; sys.path.insert(0, sys.argv[1]); import seccomp; sys.stdout.buffer.write(seccomp.assemble("${name}"))`;
  const filter = execFileSync('python3', ['-c', source, launcher]);
  const judged = (number: number, ...args: number[]) => judge(filter, audit, number, ...args);

  test('lets ordinary calls pass, and threads and processes be made', () => {
    expect(judged(calls.write, 1)).toBe(ALLOW);
    expect(judged(calls.clone, 17)).toBe(ALLOW);
    expect(judged(calls.unshare, 0x400)).toBe(ALLOW);
    for (const family of [1, 2, 10, 16]) expect(judged(calls.socket, family)).toBe(ALLOW);
  });

  test('refuses namespaces, mounts, other families and what is newer than itself', () => {
    expect(judged(calls.mount)).toBe(EPERM);
    for (const flag of [0x2_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000]) {
      expect(judged(calls.clone, flag | 17)).toBe(EPERM);
      expect(judged(calls.unshare, flag)).toBe(EPERM);
    }
    for (const family of [17, 38, 40]) expect(judged(calls.socket, family)).toBe(EAFNOSUPPORT);
    expect(judged(435)).toBe(ENOSYS);
    expect(judged(600)).toBe(ENOSYS);
    expect(judged(0x4000_0000 | calls.write)).toBe(ENOSYS);
  });

  test('ends a program that calls by the rules of another machine', () => {
    expect(judge(filter, 0x4000_0003, calls.write)).toBe(KILL);
  });
});
