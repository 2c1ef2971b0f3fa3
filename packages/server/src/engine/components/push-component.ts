import {
  invalid,
  notBuilt,
  type ApiError,
  type ComponentType,
  type FieldViolation,
} from '@bytenite/contract';
import { v7 as uuidv7 } from 'uuid';
import { ArchiveError } from '../../archive/archive-error.ts';
import { writeCanonicalTar } from '../../archive/canonical-tar.ts';
import type { PackageFiles } from '../../archive/package-file.ts';
import { readPackage } from '../../archive/read-package.ts';
import type { Context } from '../../context.ts';
import { parseManifest, type Manifest } from '../../domain/manifest.ts';
import { parseVersion } from '../../domain/tags.ts';
import {
  familyOf,
  findVersion,
  holdPackage,
  insertComponent,
  insertRevision,
  keepPackage,
  newestRevision,
  typesOfName,
  type ComponentRecord,
} from '../../store/components.ts';
import type { Tx } from '../../store/store.ts';
import type { ComponentRow } from '../../store/tables.ts';
import type { Account } from '../auth/account.ts';
import { viewComponent, type ComponentView } from './component-view.ts';
import type { Family } from './get-component.ts';

const MANIFEST = 'manifest.json';
const SCHEMA = 'schema.json';
const APP_FOLDER = 'app/';
/** A package whose push was cut off is collected after this. */
const HOLD_MS = 3600 * 1000;

interface CheckedPackage {
  manifest: Manifest;
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
  const checked = await checkPackage(ctx, family, data);
  const key = `package/${uuidv7()}`;
  // Never an object that is there already: it may be about to be deleted.
  const hold = await holdPackage(ctx.store.db, key, ctx.now() + HOLD_MS);
  await ctx.blobs.put(key, checked.tar);
  const record = await ctx.store.transact((tx) =>
    saveRevision(ctx, tx, account, checked, { key, hold }),
  );
  return viewComponent(ctx, record);
}

/** Finds all problems before it refuses any. */
async function checkPackage(ctx: Context, family: Family, data: string): Promise<CheckedPackage> {
  const files = await readFiles(ctx, data);
  const problems: FieldViolation[] = [];
  const { manifest, unbuilt, text } = readManifest(files, family, problems);
  const schema = await readSchema(ctx, files, problems);
  if (problems.length > 0) throw refused(problems);
  if (unbuilt.length > 0) throw notBuilt(unbuilt.map((key) => `${MANIFEST} ${key}`).join(', '));
  const stored = new Map(files);
  stored.set(MANIFEST, { mode: 0o644, content: Buffer.from(text) });
  return { manifest, schema, ...(await writeCanonicalTar(stored)) };
}

async function readFiles(ctx: Context, data: string): Promise<PackageFiles> {
  if (data === '') throw refused([{ field: 'data', description: 'is required' }]);
  try {
    return (await readPackage(data, { maxBytes: ctx.config.limits.packageBytes })).files;
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    const problems = error.problems.map((description) => ({ field: 'data', description }));
    throw invalid(error.message, problems);
  }
}

function readManifest(files: PackageFiles, family: Family, problems: FieldViolation[]) {
  const note = (field: string, description: string) =>
    problems.push({ field: [MANIFEST, field].filter(Boolean).join(' '), description });
  const content = textOf(files, MANIFEST);
  if (content === null) note('', 'is not valid UTF-8');
  const parsed = parseManifest(content ?? '{}');
  const { manifest } = parsed;
  for (const { field, description } of content === null ? [] : parsed.problems) {
    note(field, description);
  }
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

/** All problems at once, in words and as fields. */
function refused(problems: readonly FieldViolation[]): ApiError {
  const words = problems.map(({ field, description }) => `${field} ${description}`);
  return invalid(words.join('; '), problems);
}

async function saveRevision(
  ctx: Context,
  tx: Tx,
  account: Account,
  { manifest, schema, tar, hash }: CheckedPackage,
  { key, hold }: { key: string; hold: number },
): Promise<ComponentRecord> {
  const component = await componentFor(ctx, tx, account, manifest);
  const newest = await newestRevision(tx, component.id);
  if (newest?.hash === hash) return { component, revision: newest };
  const revision = {
    component: component.id,
    revision: (newest?.revision ?? 0) + 1,
    // A later revision takes over whether jobs may use the version.
    status: newest?.status ?? ('inactive' as const),
    hash,
    blob_key: key,
    size_bytes: tar.byteLength,
    manifest: JSON.stringify(manifest),
    schema,
    created_at: ctx.now(),
  };
  await insertRevision(tx, revision);
  await keepPackage(tx, hold);
  return { component, revision };
}

async function componentFor(
  ctx: Context,
  tx: Tx,
  account: Account,
  manifest: Manifest,
): Promise<ComponentRow> {
  const { major, minor } = parseVersion(manifest.version) ?? { major: 0, minor: 0 };
  const place = { account: account.id, family: familyOf(manifest.type), name: manifest.name };
  const others = (await typesOfName(tx, place)).filter((type) => type !== manifest.type);
  if (others[0] !== undefined) throw typeTaken(manifest, others[0]);
  const existing = await findVersion(tx, { ...place, major, minor });
  if (existing !== undefined) return existing;
  const component = {
    id: uuidv7(),
    ...place,
    type: manifest.type,
    major,
    minor,
    is_public: 0,
    created_at: ctx.now(),
    deleted_at: null,
  };
  await insertComponent(tx, component);
  return component;
}

function typeTaken(manifest: Manifest, other: ComponentType): ApiError {
  const description = `is the name of your ${other}; a ${manifest.type} needs another one`;
  return refused([{ field: `${MANIFEST} name`, description }]);
}
