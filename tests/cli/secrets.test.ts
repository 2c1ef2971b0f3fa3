/** Secrets from the command line: how the key comes in, and that it never comes out. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeHome, startUp, type Home, type Up } from './cli.ts';
import { bytenite, onTerminal } from './terminal.ts';

let home: Home;
let up: Up;

beforeAll(async () => {
  home = await makeHome();
  up = await startUp(home);
});

afterAll(async () => {
  await up?.stop();
  await home.remove();
});

const CREATE = ['secret', 'create'];

it('the secret key is asked for on a terminal, without being shown', async () => {
  const create = [...CREATE, 'typed', '--type', 'aws', '--access-key', 'AKIAEXAMPLE'];
  const { code, stdout } = await onTerminal(home, bytenite(...create), [
    ['(not shown): ', 'typed-secret-key\r'],
  ]);
  expect(stdout).toContain('Stored secret typed');
  expect(stdout).not.toContain('typed-secret-key');
  expect(code).toBe(0);
});

it('Ctrl-C while it is asked for stores nothing', async () => {
  const create = [...CREATE, 'given-up', '--type', 'other'];
  const { code } = await onTerminal(home, bytenite(...create), [['(not shown): ', 'half\x03']]);
  expect(code).toBe(130);
  expect(await home.ok(['secret', 'list'])).not.toContain('given-up');
});

it('the key comes from stdin or a file, to the last byte but the end of its line', async () => {
  const stdin = ['--secret-key-file', '-'];
  await home.ok([...CREATE, 'piped', '--type', 'other', ...stdin], { input: ' spaces kept \n' });
  await writeFile(path.join(home.dir, 'key.pem'), 'line one\nline two\n');
  await home.ok([...CREATE, 'filed', '--type', 'other', '--secret-key-file', 'key.pem']);
  await home.ok(['app', 'new', 'teller', '--lang', 'sh']);
  const manifestFile = path.join(home.dir, 'teller/manifest.json');
  const manifest = JSON.parse(await readFile(manifestFile, 'utf8')) as { platform_config: object };
  manifest.platform_config = { ...manifest.platform_config, secrets: ['piped', 'filed'] };
  await writeFile(manifestFile, JSON.stringify(manifest));
  await writeFile(
    path.join(home.dir, 'teller/app/main.sh'),
    'printf "%s|%s" "$piped_SECRET_KEY" "$filed_SECRET_KEY" | tr a-z A-Z > "$TASK_RESULTS_DIR/out"\n',
  );
  await home.ok(['app', 'push', 'teller']);
  await home.ok(['app', 'activate', 'teller']);
  await home.ok(['job', 'run', '--app', 'teller', '--out', 'out']);
  expect(await readFile(path.join(home.dir, 'out/out'), 'utf8')).toBe(
    ' SPACES KEPT |LINE ONE\nLINE TWO',
  );
});

it('without a terminal, a file or stdin it is missing, and how to give it is told', async () => {
  const { code, stderr } = await home.run([...CREATE, 'nothing', '--type', 'other']);
  expect(code).toBe(2);
  expect(stderr).toContain('--secret-key-file -');
  const empty = await home.run([...CREATE, 'x', '--type', 'other', '--secret-key-file', '-']);
  expect(empty.stderr).toContain('the secret key is empty');
});

it('a secret is replaced only where that is said', async () => {
  const create = [...CREATE, 'piped', '--type', 'other', '--secret-key-file', '-'];
  const { code, stderr } = await home.run(create, { input: 'second' });
  expect(code).toBe(1);
  expect(stderr).toContain('--replace');
  await home.ok([...create, '--replace', '--name', 'A new one'], { input: 'second' });
  expect(await home.ok(['secret', 'list'])).toMatch(/^piped +other +A new one +never$/m);
});

it('lists show everything but the secret key', async () => {
  const more = ['--expires', '2040-01-31', '--param', 'endpoint=https://s3.example.org'];
  const create = [...CREATE, 'store', '--type', 'gcp', '--access-key', 'GOOG', ...more];
  await home.ok([...create, '--secret-key-file', '-'], { input: 'hidden-value' });
  const list = await home.ok(['secret', 'list', '--type', 'gcp', '--json']);
  expect(JSON.parse(list)).toEqual([
    {
      id: 'store',
      secretType: 'gcp',
      accessKey: 'GOOG',
      expiresAt: '2040-01-31T00:00:00.000Z',
      params: { endpoint: 'https://s3.example.org' },
      name: '',
    },
  ]);
});

it('a deletion is asked for first', async () => {
  const remove = ['secret', 'delete', 'store'];
  expect((await home.run(remove)).stderr).toContain('--yes');
  const refused = await onTerminal(home, bytenite(...remove), [['[y/N] ', 'n\r']]);
  expect(refused.code).toBe(1);
  const { code } = await onTerminal(home, bytenite(...remove), [['[y/N] ', 'y\r']]);
  expect(code).toBe(0);
  expect((await home.run([...remove, '--yes'])).stderr).toContain('there is no secret store');
});

it('the master key is rotated, and the secrets stay', async () => {
  const key = path.join(home.dir, '.bytenite/master-key');
  const before = await readFile(key, 'utf8');
  await home.ok(['secret', 'rotate-key']);
  expect(await readFile(key, 'utf8')).not.toBe(before);
  expect(await home.ok(['secret', 'list'])).toContain('AKIAEXAMPLE');
});
