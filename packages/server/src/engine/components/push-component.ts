import { randomUUID } from 'node:crypto';
import { invalid, notBuilt, type ComponentType, type FieldViolation } from '@bytenite/contract';
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

const APP_FOLDER = 'app/';
/** A package whose push was cut off is collected after this. */
const HOLD_MS = 3600 * 1000;

interface CheckedPackage {
  manifest: Manifest;
  schema: string | null;
  tar: Buffer;
  hash: string;
}

/** Stores a package as a new revision of its name and version; equal content is the revision it was. */
export async function pushComponent(
  ctx: Context,
  account: Account,
  data: string,
): Promise<ComponentRecord> {
  const checked = await checkPackage(ctx, data);
  const key = `package/${randomUUID()}`;
  const hold = await holdPackage(ctx.store.db, key, ctx.now() + HOLD_MS);
  await ctx.blobs.put(key, checked.tar);
  return ctx.store.transact((tx) => saveRevision(ctx, tx, account, checked, { key, hold }));
}

async function checkPackage(ctx: Context, data: string): Promise<CheckedPackage> {
  const files = await readFiles(ctx, data);
  const { manifest, problems, unbuilt, text } = readManifest(files);
  if (problems.length === 0 && !hasEntrypoint(files, manifest.entrypoint)) {
    const description = `app/${manifest.entrypoint} is not in the package`;
    problems.push({ field: 'manifest.json entrypoint', description });
  }
  const schema = files.get('schema.json')?.content.toString() ?? null;
  for (const problem of schema === null ? [] : await ctx.schemas.check(schema)) {
    problems.push({ field: 'schema.json', description: problem });
  }
  if (problems.length > 0) throw refused(problems);
  if (unbuilt[0] !== undefined) throw notBuilt(unbuilt.join(', '));
  const stored = new Map(files);
  stored.set('manifest.json', { mode: 0o644, content: Buffer.from(text) });
  return { manifest, schema, ...(await writeCanonicalTar(stored)) };
}

async function readFiles(ctx: Context, data: string): Promise<PackageFiles> {
  try {
    return (await readPackage(data, { maxBytes: ctx.config.limits.packageBytes })).files;
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    throw refused(error.problems.map((description) => ({ field: 'archive', description })));
  }
}

function readManifest(files: PackageFiles) {
  const parsed = parseManifest(files.get('manifest.json')?.content.toString() ?? '');
  const problems = parsed.problems.map(({ field, description }) => ({
    field: ['manifest.json', field].filter(Boolean).join(' '),
    description,
  }));
  return { ...parsed, problems };
}

/** In `app/`, or beside it. */
function hasEntrypoint(files: PackageFiles, entrypoint: string): boolean {
  return files.has(APP_FOLDER + entrypoint) || files.has(entrypoint);
}

/** All problems at once, in words and as fields. */
function refused(problems: readonly FieldViolation[]) {
  const words = problems.map(({ field, description }) => `${field}: ${description}`);
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
    id: randomUUID(),
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

function typeTaken(manifest: Manifest, other: ComponentType) {
  const description = `${manifest.name} is the name of your ${other}; a ${manifest.type} needs another`;
  return refused([{ field: 'manifest.json name', description }]);
}
