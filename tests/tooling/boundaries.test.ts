/**
 * The import boundaries are lint rules, and a rule that no longer matches is silent. So each of them
 * is broken here on purpose, in a folder of its own that holds nothing but the lint configuration.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');

const BOUNDARY = 'eslint(no-restricted-imports)';

const FORBIDDEN = [
  ['packages/contract/src', 'node:fs'],
  ['packages/contract/src', '@bytenite/client'],
  ['packages/client/src', '@bytenite/server'],
  ['packages/runner/src', '@bytenite/server'],
  ['packages/runner/src/sandbox', '../../../server/src/store/a.ts'],
  ['packages/cli/src', '@bytenite/server'],
  ['packages/cli/src', '@bytenite/runner'],
  ['packages/server/src', '@bytenite/runner'],
  ['packages/server/src/domain', '../store/a.ts'],
  ['packages/server/src/domain', 'kysely'],
  ['packages/server/src/domain', 'node:fs'],
  ['packages/server/src/domain', '@hono/node-server'],
  ['packages/server/src/domain', '@bytenite/client'],
  ['packages/server/src/domain', '../../../../contract/src/states.ts'],
  ['packages/server/src/store', '../engine/a.ts'],
  ['packages/server/src/blob', '../api/a.ts'],
  ['packages/server/src/transfer/http', '../../scheduler/a.ts'],
  ['packages/server/src/archive', '../engine/a.ts'],
  ['packages/server/src/schema', '../engine/a.ts'],
  ['packages/server/src/vault', '../engine/a.ts'],
  ['packages/server/src/engine', '../api/a.ts'],
  ['packages/server/src/engine', '../scheduler/a.ts'],
  ['packages/server/src/api', '../store/a.ts'],
  ['packages/server/src/api/customer', '../../store/a.ts'],
  ['packages/server/src/scheduler', '../api/a.ts'],
] as const;

const ALLOWED = [
  ['packages/contract/src', 'zod'],
  ['packages/runner/src', '@bytenite/contract'],
  ['packages/cli/src', '@bytenite/client'],
  ['packages/server/src/domain', '@bytenite/contract'],
  ['packages/server/src/domain', './job.ts'],
  ['packages/server/src/domain', 'node:crypto'],
  ['packages/server/src/store', '../domain/engine.ts'],
  ['packages/server/src/engine', '../store/a.ts'],
  ['packages/server/src/api', '../engine/a.ts'],
] as const;

type Diagnostic = { code: string; filename: string };

/** The cases (folder and specifier) to which the linter objects. */
let objected: Set<string>;

/** Each case gets a file of its own in the named folder, so that one run of the linter judges them all. */
const planted = [...FORBIDDEN, ...ALLOWED].map(([folder, specifier], index) => ({
  key: `${folder} ${specifier}`,
  file: `${folder}/planted-${index}.ts`,
  code: `import { planted } from '${specifier}';\n\nplanted();\n`,
}));

async function lint(cwd: string): Promise<Diagnostic[]> {
  const oxlint = path.join(root, 'node_modules/.bin/oxlint');
  const output = await run(oxlint, ['--format=json', 'packages'], { cwd }).then(
    ({ stdout }) => stdout,
    (error: unknown) => (error as { stdout: string }).stdout,
  );
  return (JSON.parse(output) as { diagnostics: Diagnostic[] }).diagnostics;
}

beforeAll(async () => {
  const cwd = await mkdtemp(path.join(tmpdir(), 'bytenite-boundaries-'));
  try {
    await copyFile(path.join(root, '.oxlintrc.json'), path.join(cwd, '.oxlintrc.json'));
    await symlink(path.join(root, 'node_modules'), path.join(cwd, 'node_modules'));
    for (const { file, code } of planted) {
      await mkdir(path.join(cwd, path.dirname(file)), { recursive: true });
      await writeFile(path.join(cwd, file), code);
    }
    const found = (await lint(cwd)).filter(({ code }) => code === BOUNDARY);
    const files = new Set(found.map(({ filename }) => filename));
    objected = new Set(planted.filter(({ file }) => files.has(file)).map(({ key }) => key));
  } finally {
    await rm(cwd, { recursive: true });
  }
});

describe('import boundaries', () => {
  it.each(FORBIDDEN)('%s may not import %s', (folder, specifier) => {
    expect(objected).toContain(`${folder} ${specifier}`);
  });

  it.each(ALLOWED)('%s may import %s', (folder, specifier) => {
    expect(objected).not.toContain(`${folder} ${specifier}`);
  });
});
