import { chmod, mkdir, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract, pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../testing/temp-folder.ts';
import { collectFiles } from './collect-files.ts';
import { packFiles } from './pack.ts';
import { unpackFile } from './unpack.ts';

async function write(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), content);
  }
}

async function packFolder(folder: string): Promise<Buffer> {
  return packFiles(folder, (await collectFiles(folder)).files);
}

async function contentsOf(tar: Buffer): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  for await (const entry of Readable.from([tar]).pipe(extract())) {
    contents[entry.header.name] = (await buffer(entry)).toString();
  }
  return contents;
}

describe('a package', () => {
  it('holds the files of the folder, but not what tools leave there', async () => {
    const folder = await tempFolder();
    await write(folder, {
      'manifest.json': '{}',
      'app/main.py': 'print()',
      'app/__pycache__/main.pyc': 'x',
      'node_modules/a/index.js': 'x',
      '.git/config': 'x',
      '.DS_Store': 'x',
      'app/.DS_Store': 'x',
      '.hidden': 'kept',
    });
    expect(await contentsOf(await packFolder(folder))).toEqual({
      '.hidden': 'kept',
      'app/main.py': 'print()',
      'manifest.json': '{}',
    });
  });

  it('is the same for the same files, whenever they were written', async () => {
    const folder = await tempFolder();
    await write(folder, { 'b.txt': 'b', 'a.txt': 'a' });
    const first = await packFolder(folder);
    await rm(path.join(folder, 'a.txt'));
    await write(folder, { 'a.txt': 'a' });
    await utimes(path.join(folder, 'b.txt'), 1, 1);
    expect(await packFolder(folder)).toEqual(first);
  });

  it('has no symbolic links: each is a problem of its own', async () => {
    const folder = await tempFolder();
    await write(folder, { 'manifest.json': '{}' });
    await symlink('/etc/passwd', path.join(folder, 'one'));
    await symlink('.', path.join(folder, 'two'));
    const { problems } = await collectFiles(folder);
    expect(problems.map(({ file }) => file)).toEqual(['one', 'two']);
  });

  it('that would be too large is refused before it is read, with what makes it large', async () => {
    const folder = await tempFolder();
    await write(folder, { 'app/model.bin': '', 'small.txt': 'x' });
    await truncate(path.join(folder, 'app/model.bin'), 70 * 1024 * 1024);
    await expect(packFolder(folder)).rejects.toMatchObject({
      message: expect.stringContaining('at most 64.0 MiB') as string,
      why: [expect.stringContaining('app/model.bin') as string, expect.anything()],
    });
  });

  it('comes out of its archive as it went in', async () => {
    const [folder, target] = [await tempFolder(), await tempFolder()];
    await write(folder, { 'app/run.sh': 'echo', 'manifest.json': '{}' });
    await chmod(path.join(folder, 'app/run.sh'), 0o755);
    const archive = path.join(await tempFolder(), 'package.tar');
    await writeFile(archive, await packFolder(folder));
    expect(await unpackFile(archive, target)).toBe(2);
    expect((await collectFiles(target)).files).toEqual((await collectFiles(folder)).files);
  });

  it.each([
    { name: '../evil.txt' },
    { name: '/tmp/evil.txt' },
    { name: 'a/../../evil.txt' },
    { name: 'link', type: 'symlink' as const, linkname: '/etc' },
  ])('does not write $name', async (header) => {
    const tar = pack();
    if ('type' in header) tar.entry(header);
    else tar.entry(header, 'x');
    tar.finalize();
    const archive = path.join(await tempFolder(), 'package.tar');
    await writeFile(archive, await buffer(tar));
    await expect(unpackFile(archive, await tempFolder())).rejects.toThrow('not safe to write');
  });
});
