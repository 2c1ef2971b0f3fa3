/** What the launcher writes to cgroups of either version and reads from them, on files as the kernel gives them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const LAUNCHER = path.join(import.meta.dirname, '../../packages/runner/launcher');
const MIB = 1024 * 1024;

const PROGRAM = `import json, sys
sys.path.insert(0, sys.argv[1])
from cgroups import SlotGroup
group = SlotGroup.__new__(SlotGroup)
group.version, group.paths, group._limits = int(sys.argv[2]), json.loads(sys.argv[3]), None
group._oom_fd = group._open_oom()
group._pids_fd = group._open_first(("pids", "pids.events"), ("unified", "pids.events"))
group.limit(${64 * MIB}, 200, 1.5)
print(json.dumps([group.oom_kills(), group.refused_processes()]))
`;

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'bytenite-cgroups-'));
});

afterEach(() => rmSync(dir, { recursive: true }));

/** Writes the files, sets limits, and returns what was counted. */
function measure(version: 1 | 2, files: Record<string, string>): unknown {
  const paths: Record<string, string> = {};
  for (const [file, text] of Object.entries(files)) {
    const folder = path.join(dir, path.dirname(file));
    paths[path.dirname(file)] = folder;
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(dir, file), text);
  }
  const args = ['-c', PROGRAM, LAUNCHER, String(version), JSON.stringify(paths)];
  return JSON.parse(execFileSync('python3', args, { encoding: 'utf8' }));
}

const written = (file: string) => readFileSync(path.join(dir, file), 'utf8');

test('version 1: each controller has a folder of its own', () => {
  const counted = measure(1, {
    'memory/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n',
    'memory/memory.limit_in_bytes': '9223372036854771712\n',
    'memory/memory.memsw.limit_in_bytes': '9223372036854771712\n',
    'pids/pids.max': 'max\n',
    'pids/pids.events': 'max 17\n',
    'cpu/cpu.shares': '1024\n',
  });
  expect(counted).toEqual([2, 17]);
  expect(written('memory/memory.limit_in_bytes')).toBe(String(64 * MIB));
  expect(written('memory/memory.memsw.limit_in_bytes')).toBe(String(64 * MIB));
  expect(written('pids/pids.max')).toBe('200');
  expect(written('cpu/cpu.shares')).toBe('1536');
});

test('version 2: one folder has them all', () => {
  const events = 'low 0\nhigh 0\nmax 312\noom 4\noom_kill 3\noom_group_kill 0\n';
  const counted = measure(2, {
    'unified/memory.events': events,
    'unified/memory.max': 'max\n',
    'unified/memory.swap.max': 'max\n',
    'unified/pids.max': 'max\n',
    'unified/pids.events': 'max 17\n',
    'unified/cpu.weight': '100\n',
  });
  expect(counted).toEqual([3, 17]);
  expect(written('unified/memory.max')).toBe(String(64 * MIB));
  expect(written('unified/memory.swap.max')).toBe('0');
  expect(written('unified/pids.max')).toBe('200');
  expect(written('unified/cpu.weight')).toBe('150');
});

test('where there is nothing to count nothing is counted', () => {
  expect(measure(2, { 'unified/cpu.weight': '100\n' })).toEqual([0, 0]);
});
