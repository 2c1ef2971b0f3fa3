import { invalid, type FieldViolation } from '@bytenite/contract';
import { ArchiveError } from '../../archive/archive-error.ts';
import { writeCanonicalTar } from '../../archive/canonical-tar.ts';
import type { PackageFiles } from '../../archive/package-file.ts';
import { readPackage } from '../../archive/read-package.ts';
import type { Context } from '../../context.ts';
import { parseManifest, type Manifest } from '../../domain/manifest.ts';
import { describeJsonProblem } from '../../schema/json-problem.ts';
import type { Account } from '../auth/account.ts';
import { viewComponent, type ComponentView } from './component-view.ts';
import type { Family } from './get-component.ts';
import { ARCHIVE, nameProblem, refused, saveRevision, storePackage } from './save-revision.ts';

const MANIFEST = 'manifest.json';
const SCHEMA = 'schema.json';
const APP_FOLDER = 'app/';
/** What registry tokens are sealed for. */
export const REGISTRY_TOKEN = 'registry token';

interface CheckedPackage {
  manifest: Manifest;
  /** As it was written; `""` without one. */
  token: string;
  schema: string | null;
  tar: Buffer;
  hash: string;
}

/**
 * Stores a package as a new revision of its name and version; the content of the newest one is that
 * revision. Engines may be pushed as apps; an app is none.
 */
export async function pushComponent(
  ctx: Context,
  account: Account,
  family: Family,
  data: string,
): Promise<ComponentView> {
  const checked = await checkPackage(ctx, account, family, data);
  const { manifest, schema, tar, hash } = checked;
  const token = checked.token && (await ctx.vault.seal(account.id, REGISTRY_TOKEN, checked.token));
  const stored = await storePackage(ctx, tar.byteLength, async () => tar);
  const revision = {
    manifest,
    schema,
    hash,
    sizeBytes: tar.byteLength,
    token: token || null,
    origin: null,
    firstStatus: 'inactive' as const,
  };
  const record = await ctx.store.transact((tx) => saveRevision(ctx, tx, account, revision, stored));
  return viewComponent(ctx, record);
}

/** Finds all problems before it refuses any. */
async function checkPackage(
  ctx: Context,
  account: Account,
  family: Family,
  data: string,
): Promise<CheckedPackage> {
  const problems: FieldViolation[] = [];
  const files = await readFiles(ctx, data, problems);
  if (files === null) throw refused(problems);
  const { manifest, token, text } = readManifest(files, family, problems);
  const taken = await nameProblem(ctx.store.db, account, manifest);
  if (taken !== null) problems.push(taken);
  const schema = await readSchema(ctx, files, problems);
  if (problems.length > 0) throw refused(problems);
  const stored = new Map(files);
  stored.set(MANIFEST, { mode: 0o644, content: Buffer.from(text) });
  return { manifest, token, schema, ...(await writeCanonicalTar(stored)) };
}

/** The archive's files, also of one that is refused; null where nothing can be read. */
async function readFiles(
  ctx: Context,
  data: string,
  problems: FieldViolation[],
): Promise<PackageFiles | null> {
  if (data === '') {
    throw invalid(`${ARCHIVE} is required`, [{ field: ARCHIVE, description: 'is required' }]);
  }
  try {
    return (await readPackage(data, { maxBytes: ctx.config.limits.packageBytes })).files;
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    problems.push(...error.problems.map((description) => ({ field: ARCHIVE, description })));
    return error.files;
  }
}

function readManifest(files: PackageFiles, family: Family, problems: FieldViolation[]) {
  const note = (field: string, description: string) =>
    problems.push({ field: [MANIFEST, field].filter(Boolean).join(' '), description });
  const content = textOf(files, MANIFEST);
  if (content === null) note('', 'is not valid UTF-8');
  const parsed = parseManifest(content ?? '{}', describeJsonProblem);
  const { manifest } = parsed;
  for (const { field, description } of content === null ? [] : parsed.problems) {
    note(field, description);
  }
  // Of what cannot be read, nothing more is known.
  if (content === null || parsed.problems.some(({ field }) => field === '')) return parsed;
  if (family === 'engine' && manifest.type === 'app') {
    note('type', 'must be partitioner or assembler: an app is pushed to /apps');
  }
  const isNamed = !parsed.problems.some(({ field }) => field.startsWith('entrypoint'));
  if (isNamed && !hasEntrypoint(files, manifest.entrypoint)) {
    note(
      'entrypoint',
      `is ${manifest.entrypoint}, and the package has no app/${manifest.entrypoint}`,
    );
  }
  return parsed;
}

async function readSchema(
  ctx: Context,
  files: PackageFiles,
  problems: FieldViolation[],
): Promise<string | null> {
  if (!files.has(SCHEMA)) return null;
  const schema = textOf(files, SCHEMA);
  const found = schema === null ? ['is not valid UTF-8'] : await ctx.schemas.check(schema);
  for (const description of found) problems.push({ field: SCHEMA, description });
  return schema;
}

/** A file's text without the mark that some editors put first; null when it is none. */
function textOf(files: PackageFiles, name: string): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(files.get(name)?.content);
  } catch {
    return null;
  }
}

/** In `app/`, or beside it. */
function hasEntrypoint(files: PackageFiles, entrypoint: string): boolean {
  return files.has(APP_FOLDER + entrypoint) || files.has(entrypoint);
}
