import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { pack } from 'tar-stream';
import type { Header } from 'tar-stream';
import { describe, expect, it } from 'vitest';

import { ArchiveError } from './archive-error.ts';
import { writeCanonicalTar } from './canonical-tar.ts';
import { readPackage } from './read-package.ts';
import type { PackageLimits } from './read-package.ts';

type EntrySpec = Partial<Header> & { name: string; content?: string | Uint8Array };

const MANIFEST: EntrySpec = { name: 'manifest.json', content: '{}' };
const MAIN: EntrySpec = { name: 'app/main.py', content: 'print(1)', mode: 0o755 };

async function makeTar(entries: readonly EntrySpec[]): Promise<Buffer> {
  const packer = pack();
  for (const { content = '', ...header } of entries) {
    if (header.type === undefined || header.type === 'file') packer.entry(header, content);
    else packer.entry(header);
  }
  packer.finalize();
  const parts: Buffer[] = [];
  for await (const part of packer) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

async function read(
  entries: readonly EntrySpec[],
  limits?: PackageLimits,
): Promise<Record<string, string>> {
  return readBytes(await makeTar(entries), limits);
}

async function readBytes(archive: Buffer, limits?: PackageLimits): Promise<Record<string, string>> {
  const { files } = await readPackage(archive.toString('base64'), limits);
  return Object.fromEntries([...files].map(([path, file]) => [path, file.content.toString()]));
}

async function problemsOf(promise: Promise<unknown>): Promise<readonly string[]> {
  const error: unknown = await promise.then(
    () => new Error('it was accepted'),
    (reason: unknown) => reason,
  );
  if (error instanceof ArchiveError) return error.problems;
  throw error;
}

/** Runs the system's tar over files given by path. */
function systemTar(files: Record<string, string>, ...options: string[]): Buffer {
  const dir = mkdtempSync(join(tmpdir(), 'package-'));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), content);
    }
    return execFileSync('tar', [...options, '-cf', '-', '-C', dir, '.'], { maxBuffer: 2 ** 28 });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

describe('readPackage accepts', () => {
  it('a tar with the manifest at the root, and keeps whether files are executable', async () => {
    const tar = await makeTar([MANIFEST, { name: 'app', type: 'directory' }, MAIN]);
    const { files } = await readPackage(tar.toString('base64'));
    expect([...files]).toEqual([
      ['manifest.json', { mode: 0o644, content: Buffer.from('{}') }],
      ['app/main.py', { mode: 0o755, content: Buffer.from('print(1)') }],
    ]);
  });

  it('a gzip of it', async () => {
    expect(await readBytes(gzipSync(await makeTar([MANIFEST, MAIN])))).toEqual({
      'manifest.json': '{}',
      'app/main.py': 'print(1)',
    });
  });

  it('either base64 alphabet, with or without padding, with white space', async () => {
    const tar = await makeTar([
      MANIFEST,
      { name: 'bytes', content: Buffer.from('fbefbefffeff', 'hex') },
    ]);
    const standard = tar.toString('base64');
    expect(standard).toMatch(/[+/]/);
    const forms = [
      standard,
      standard.replace(/=+$/, ''),
      tar.toString('base64url'),
      standard.replace(/.{76}/g, '$&\r\n'),
    ];
    for (const form of forms) {
      expect((await readPackage(form)).files.get('bytes')?.content.toString('hex')).toBe(
        'fbefbefffeff',
      );
    }
  });

  it('the only top folder, and ./ before names, which it strips', async () => {
    const expected = { 'manifest.json': '{}', 'app/main.py': 'print(1)' };
    for (const prefix of ['./', 'my-app/', './my-app/', './my-app/./', 'my-app//']) {
      const entries = [MANIFEST, MAIN].map((entry) => ({ ...entry, name: prefix + entry.name }));
      expect(await read([{ name: prefix, type: 'directory' }, ...entries])).toEqual(expected);
    }
  });

  it('a top folder beside a root manifest: the root counts', async () => {
    const inner = { name: 'inner/manifest.json', content: 'inner' };
    expect(Object.keys(await read([MANIFEST, inner]))).toEqual([
      'manifest.json',
      'inner/manifest.json',
    ]);
  });

  it('the residue of macOS, and drops it', async () => {
    const residue = ['__MACOSX/x', '._manifest.json', 'app/._main.py', 'app/__MACOSX/y'];
    const entries = [...residue.map((name) => ({ name, content: 'x' })), MANIFEST];
    expect(Object.keys(await read(entries))).toEqual(['manifest.json']);
    const nested = [{ name: '__MACOSX/a/._x' }, { name: 'a/manifest.json' }];
    expect(Object.keys(await read(nested))).toEqual(['manifest.json']);
  });

  it.each(['gnu', 'pax', 'ustar'])(
    'long and non-ASCII names in the %s format of other programs',
    async (format) => {
      const deep = `${'d'.repeat(80)}/${'e'.repeat(60)}/f.txt`;
      const names =
        format === 'ustar' ? [deep] : [deep, `${'l'.repeat(200)}.txt`, 'größe/日本.txt'];
      const files = Object.fromEntries(['manifest.json', ...names].map((name) => [name, name]));
      expect(await readBytes(systemTar(files, `--format=${format}`))).toEqual(files);
    },
  );

  it('a global pax header, such as git writes, and takes no name from it', async () => {
    const tar = await makeTar([{ name: 'x', content: 'x', pax: { path: '../up' } }, MANIFEST]);
    const at = tar.indexOf('PaxHeader');
    tar.write('g', at + 156);
    fixChecksum(tar, at);
    // The entry's own header has this name beside the one in the pax header.
    expect(Object.keys(await readBytes(tar))).toEqual(['PaxHeader', 'manifest.json']);
  });

  it('names that the objects of JavaScript have', async () => {
    const { files } = await readPackage(
      (
        await makeTar([
          MANIFEST,
          { name: '__proto__', content: 'a' },
          { name: 'constructor', content: 'b' },
        ])
      ).toString('base64'),
    );
    expect([...files.keys()]).toEqual(['manifest.json', '__proto__', 'constructor']);
  });

  it('files of many megabytes', async () => {
    const content = Buffer.alloc(5_000_001, 'x');
    expect((await read([MANIFEST, { name: 'big', content }]))['big']).toHaveLength(5_000_001);
    expect(
      (await readBytes(gzipSync(await makeTar([MANIFEST, { name: 'big', content }]))))['big'],
    ).toHaveLength(5_000_001);
  });
});

describe('readPackage refuses', () => {
  it('every unsafe entry, and names them all', async () => {
    const problems = await problemsOf(
      read([
        { name: '/etc/passwd', content: 'x' },
        { name: 'a/../../b', content: 'x' },
        { name: '..', type: 'directory' },
        { name: 'link', type: 'symlink', linkname: '/etc' },
        { name: 'hard', type: 'link', linkname: 'manifest.json' },
        { name: 'null', type: 'character-device' },
        { name: 'disk', type: 'block-device' },
        { name: 'pipe', type: 'fifo' },
        { name: 'C:\\x', content: 'x' },
        { name: 'bell\u0007', content: 'x' },
        { name: 'x'.repeat(256), content: 'x' },
        MAIN,
        MAIN,
        { name: './app/main.py', content: 'again' },
        { name: 'app', content: 'a file' },
      ]),
    );
    expect(problems).toEqual([
      '"/etc/passwd" is an absolute path',
      '"a/../../b" has ".." in its path',
      '".." has ".." in its path',
      '"link" is a symlink; only files and folders are allowed',
      '"hard" is a hard link; only files and folders are allowed',
      '"null" is a character device; only files and folders are allowed',
      '"disk" is a block device; only files and folders are allowed',
      '"pipe" is a fifo; only files and folders are allowed',
      '"C:\\\\x" has a backslash',
      '"bell\\u0007" has control characters',
      `"${'x'.repeat(200)}…" is too long`,
      '"app/main.py" occurs more than once',
      '"app/main.py" occurs more than once',
      '"app" is both a file and a folder',
      'manifest.json must lie at the root of the archive or in its only top folder',
    ]);
  });

  it('names that are not UTF-8', async () => {
    const tar = await makeTar([MANIFEST, { name: 'xy', content: 'x' }]);
    const offset = tar.indexOf('xy\0');
    tar[offset] = 0xff;
    fixChecksum(tar, offset);
    expect(await problemsOf(readBytes(tar))).toEqual(['"\ufffdy" is not valid UTF-8']);
  });

  it('a control character hidden in a pax name', async () => {
    const pax = { path: 'a\0b' };
    expect(await problemsOf(read([MANIFEST, { name: 'x', content: 'x', pax }]))).toEqual([
      '"a\\u0000b" has control characters',
    ]);
  });

  it('paths that lead out of the folder, hidden behind harmless names in pax headers', async () => {
    for (const [path, problem] of [
      ['../up', '"../up" has ".." in its path'],
      ['/etc/passwd', '"/etc/passwd" is an absolute path'],
      ['app/main.py', '"app/main.py" occurs more than once'],
    ] as const) {
      const hidden = { name: 'x', content: 'x', pax: { path } };
      expect(await problemsOf(read([MANIFEST, MAIN, hidden]))).toEqual([problem]);
    }
  });

  it('a size in a pax header that is larger than the archive', async () => {
    const hidden = { name: 'x', content: 'x', pax: { size: '1000000' } };
    expect(await problemsOf(read([MANIFEST, hidden]))).toEqual(['the archive ends early']);
  });

  it('a size in a pax header that makes bytes of a file into entries', async () => {
    const inner = await makeTar([{ name: 'inner', content: 'x' }]);
    const outer = { name: 'outer', content: inner, pax: { size: '0' } };
    await problemsOf(read([MANIFEST, { ...outer, pax: { size: '-1' } }]));
    // Whoever reads it the other way sees other files; what is stored is written anew from these.
    expect(Object.keys(await read([MANIFEST, outer]))).toEqual(['manifest.json', 'outer', 'inner']);
  });

  it('paths that are the same where case or the writing of accents does not count', async () => {
    const twice = (one: string, other: string) =>
      problemsOf(read([MANIFEST, ...[one, other].map((name) => ({ name, content: 'x' }))]));
    const same = (one: string, other: string) =>
      `"${one}" and "${other}" are the same where case does not count`;
    expect(await twice('app/A.py', 'app/a.py')).toEqual([same('app/A.py', 'app/a.py')]);
    expect(await twice('app/x.py', 'APP/y.py')).toEqual([same('app', 'APP')]);
    expect(await twice('caf\u00e9', 'cafe\u0301')).toEqual([same('caf\u00e9', 'cafe\u0301')]);
  });

  it('files with holes', async () => {
    const pax = { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0' };
    expect(await problemsOf(read([MANIFEST, { name: 'x', content: 'x', pax }]))).toEqual([
      '"x" is a file with holes; only files and folders are allowed',
    ]);
  });

  it('archives without a manifest where it belongs', async () => {
    const text = ['manifest.json must lie at the root of the archive or in its only top folder'];
    expect(await problemsOf(read([]))).toEqual(text);
    expect(await problemsOf(read([MAIN]))).toEqual(text);
    expect(
      await problemsOf(read([{ name: 'a/manifest.json' }, { name: 'b/manifest.json' }])),
    ).toEqual(text);
    expect(await problemsOf(read([{ name: 'a/manifest.json' }, { name: 'b' }]))).toEqual(text);
    expect(await problemsOf(read([{ name: 'a/b/manifest.json' }]))).toEqual(text);
  });

  it('what is no base64, no tar, no gzip', async () => {
    expect(await problemsOf(readPackage(''))).toEqual(['the archive is empty']);
    expect(await problemsOf(readPackage('  =='))).toEqual(['the archive is empty']);
    for (const text of ['a%b=', 'aGk=aGk=', 'ä', 'abcde']) {
      expect(await problemsOf(readPackage(text))).toEqual(['the archive is not valid base64']);
    }
    expect(await problemsOf(readBytes(Buffer.from('PK\u0003\u0004 a zip')))).toEqual([
      'the archive is no complete tar',
    ]);
    expect(
      await problemsOf(readBytes(Buffer.concat([Buffer.alloc(512, 'x'), Buffer.alloc(512)]))),
    ).toEqual(['the archive is no valid tar']);
    expect(
      await problemsOf(readBytes(Buffer.from([0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8, 9]))),
    ).toEqual(['the archive is no valid gzip']);
    expect(await problemsOf(readBytes(gzipSync('text')))).toEqual(['the archive ends early']);
  });

  it('an archive that was cut anywhere', async () => {
    const tar = await makeTar([MANIFEST, MAIN, { name: 'data', content: Buffer.alloc(3000, 'x') }]);
    const zip = gzipSync(tar);
    for (const length of [
      100,
      512,
      600,
      1024,
      1536,
      2048,
      3000,
      tar.length - 1024,
      tar.length - 1,
    ]) {
      await problemsOf(readBytes(tar.subarray(0, length)));
    }
    for (const length of [10, 20, zip.length - 9, zip.length - 8, zip.length - 1]) {
      expect(await problemsOf(readBytes(zip.subarray(0, length)))).toEqual([
        'the archive ends early',
      ]);
    }
  });

  it('a damaged gzip', async () => {
    const zip = gzipSync(await makeTar([MANIFEST]));
    zip[zip.length - 6] = (zip[zip.length - 6] ?? 0) ^ 1;
    expect(await problemsOf(readBytes(zip))).toEqual(['the archive is no valid gzip']);
  });

  it('too many entries', async () => {
    const entries = Array.from({ length: 9 }, (_, i) => ({ name: `f${i}` }));
    expect(Object.keys(await read([MANIFEST, ...entries], { maxEntries: 10 }))).toHaveLength(10);
    expect(await problemsOf(read([MANIFEST, ...entries, MAIN], { maxEntries: 10 }))).toEqual([
      'the archive has more than 10 entries',
    ]);
  });

  it('an archive above the limit', async () => {
    const tar = await makeTar([MANIFEST]);
    expect(await readBytes(tar, { maxBytes: tar.length })).toEqual({ 'manifest.json': '{}' });
    expect(await problemsOf(readBytes(tar, { maxBytes: tar.length - 1 }))).toEqual([
      `the archive is larger than ${tar.length - 1} bytes`,
    ]);
  });

  it('a gzip bomb, without unpacking it all', async () => {
    const bomb = gzipSync(
      await makeTar([MANIFEST, { name: 'zeros', content: Buffer.alloc(60_000_000) }]),
    );
    expect(bomb.length).toBeLessThan(100_000);
    expect(await problemsOf(readBytes(bomb, { maxBytes: 1_000_000 }))).toEqual([
      'the archive unpacks to more than 10000000 bytes',
    ]);
  });

  it('headers without end that belong to no file', async () => {
    const pax = { comment: 'x'.repeat(100_000) };
    const tar = await makeTar([MANIFEST, { name: 'x', pax }]);
    const start = tar.indexOf('PaxHeader');
    const header = tar.subarray(start, tar.indexOf('PaxHeader', start + 1));
    const many = Buffer.concat([...Array.from({ length: 120 }, () => header), Buffer.alloc(1024)]);
    expect(await problemsOf(readBytes(many))).toEqual([
      'the archive has too much beside its files',
    ]);
  });

  it('more problems than anyone reads, in few words', async () => {
    const entries = Array.from({ length: 500 }, (_, i) => ({ name: `/abs${i}` }));
    const problems = await problemsOf(read([MANIFEST, ...entries]));
    expect(problems).toHaveLength(51);
    expect(problems.at(-1)).toBe('and 450 more problems');
  });
});

describe('writeCanonicalTar', () => {
  const FILES: EntrySpec[] = [
    { name: 'manifest.json', content: '{"name":"x"}' },
    { name: 'app/main.py', content: 'print(1)\n', mode: 0o700 },
    { name: 'app/größe.txt', content: 'ü' },
    { name: `app/${'n'.repeat(150)}/${'m'.repeat(120)}.txt`, content: 'long' },
    { name: 'app/empty' },
    { name: 'app.txt', content: Buffer.alloc(512, 'b') },
  ];

  async function canonical(entries: readonly EntrySpec[]): Promise<{ tar: Buffer; hash: string }> {
    const { files } = await readPackage((await makeTar(entries)).toString('base64'));
    return writeCanonicalTar(files);
  }

  it('gives equal content equal bytes, whatever the archive looked like', async () => {
    const first = await canonical(FILES);
    const variant = [...FILES].reverse().map((entry) => ({
      ...entry,
      name: `top/${entry.name}`,
      mtime: new Date(),
      uid: 1000,
      uname: 'ada',
      mode: entry.mode === 0o700 ? 0o775 : 0o600,
    }));
    const second = await canonical([{ name: 'top', type: 'directory' }, ...variant]);
    expect(second.hash).toBe(first.hash);
    expect(second.tar.equals(first.tar)).toBe(true);
  });

  it('gives different content different hashes', async () => {
    const original = await canonical([MANIFEST, MAIN]);
    expect((await canonical([MANIFEST, { ...MAIN, content: 'print(2)' }])).hash).not.toBe(
      original.hash,
    );
    expect((await canonical([MANIFEST, { ...MAIN, mode: 0o644 }])).hash).not.toBe(original.hash);
  });

  it('writes these very bytes: stored hashes depend on them', async () => {
    const { tar, hash } = await canonical(FILES);
    expect(tar.length % 512).toBe(0);
    expect(hash).toBe('6Ax0SxZbSJbUD1mmQzwFdb16bW4vW8IFkcx3vAwDHUs=');
  });

  it('reads back as it was, and once more to the same bytes', async () => {
    const { tar, hash } = await canonical(FILES);
    const { files } = await readPackage(tar.toString('base64'));
    expect([...files.keys()]).toEqual([...files.keys()].sort());
    expect(files.get('app/main.py')).toEqual({ mode: 0o755, content: Buffer.from('print(1)\n') });
    expect((await writeCanonicalTar(files)).hash).toBe(hash);
  });

  it('is read by other programs', async () => {
    const { tar } = await canonical(FILES);
    const names = execFileSync('tar', ['-tf', '-', '--quoting-style=literal'], {
      input: tar,
    }).toString();
    expect(names.trim().split('\n').toSorted()).toEqual(
      FILES.map((entry) => entry.name).toSorted(),
    );
    const content = execFileSync('tar', ['-xOf', '-', 'app/größe.txt'], { input: tar }).toString();
    expect(content).toBe('ü');
  });
});

/** Makes the checksum of the header at an offset right again. */
function fixChecksum(tar: Buffer, offset: number): void {
  const header = tar.subarray(offset, offset + 512);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
}
