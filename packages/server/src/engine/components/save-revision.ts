/** How a package becomes a revision, whether it was pushed or copied. */
import { ApiError, invalid, type ComponentType, type FieldViolation } from '@bytenite/contract';
import { v7 as uuidv7 } from 'uuid';
import type { BlobBody } from '../../blob/blob-store.ts';
import type { Context } from '../../context.ts';
import type { Manifest } from '../../domain/manifest.ts';
import { formatTag, parseVersion } from '../../domain/tags.ts';
import { lockAccount } from '../../store/accounts.ts';
import {
  familyOf,
  lockVersion,
  insertComponent,
  insertRevision,
  newestRevision,
  setToken,
  typesOfName,
  type ComponentRecord,
} from '../../store/components.ts';
import { holdPackage, keepPackage } from '../../store/packages.ts';
import type { Db, Tx } from '../../store/store.ts';
import type { ComponentRow, RevisionRow } from '../../store/tables.ts';
import type { Account } from '../auth/account.ts';
import { requireSpace } from '../require-space.ts';

/** The field that an archive comes in. */
export const ARCHIVE = 'data';
/** A package whose push was cut off is collected after this. */
const HOLD_MS = 3600 * 1000;

export interface NewRevision {
  manifest: Manifest;
  schema: string | null;
  hash: string;
  sizeBytes: number;
  /** Sealed; null without one. */
  token: string | null;
  /** The component that is copied; null for a push. */
  origin: string | null;
  /** Of the version's first revision. */
  firstStatus: RevisionRow['status'];
}

/** An object that is there already; garbage until a revision names it. */
export interface StoredPackage {
  key: string;
  hold: number;
}

/** Never an object that was there before: it may be about to be deleted. */
export async function storePackage(
  ctx: Context,
  sizeBytes: number,
  open: () => Promise<BlobBody>,
): Promise<StoredPackage> {
  await requireSpace(ctx, sizeBytes);
  const key = `package/${uuidv7()}`;
  const hold = await holdPackage(ctx.store.db, key, ctx.now() + HOLD_MS);
  // Opened when nothing else can fail: whoever has opened it has to read it to its end.
  await ctx.blobs.put(key, await open());
  return { key, hold };
}

/** Adds a revision to its name and version; the content of the newest one is that revision. */
export async function saveRevision(
  ctx: Context,
  tx: Tx,
  account: Account,
  revision: NewRevision,
  stored: StoredPackage,
): Promise<ComponentRecord> {
  // One push of an account after the other: names, types and revisions follow from what is there.
  await lockAccount(tx, account.id);
  const component = await componentFor(ctx, tx, account, revision.manifest);
  const newest = await newestRevision(tx, component.id);
  if (newest?.hash === revision.hash) {
    // The token is no part of the content, so a new one makes no revision.
    if (revision.token !== null) await setToken(tx, newest, revision.token);
    return { component, revision: newest };
  }
  if (newest !== undefined && revision.origin !== null && newest.origin !== revision.origin) {
    throw ownContent(component);
  }
  const row = {
    component: component.id,
    revision: (newest?.revision ?? 0) + 1,
    // A later revision takes over whether jobs may use the version.
    status: newest?.status ?? revision.firstStatus,
    hash: revision.hash,
    blob_key: stored.key,
    size_bytes: revision.sizeBytes,
    manifest: JSON.stringify(revision.manifest),
    schema: revision.schema,
    created_at: ctx.now(),
    token: revision.token,
    origin: revision.origin,
  };
  await insertRevision(tx, row);
  await keepPackage(tx, stored.hold);
  return { component, revision: row };
}

/** Why an account cannot have a component of this name and type; null where it can. */
export async function nameProblem(
  db: Db,
  account: Account,
  { name, type }: Manifest,
): Promise<FieldViolation | null> {
  const types = await typesOfName(db, { account: account.id, family: familyOf(type), name });
  const other = types.find((known) => known !== type);
  if (other === undefined) return null;
  const description = `is the name of your ${other}; ${withArticle(type)} needs another one`;
  return { field: 'manifest.json name', description };
}

/** All problems at once, in words and as fields; those of the archive name its entries themselves. */
export function refused(problems: readonly FieldViolation[]): ApiError {
  const words = problems.map(({ field, description }) =>
    field === ARCHIVE ? description : `${field} ${description}`,
  );
  return invalid(words.join('; '), problems);
}

async function componentFor(
  ctx: Context,
  tx: Tx,
  account: Account,
  manifest: Manifest,
): Promise<ComponentRow> {
  const { major, minor } = parseVersion(manifest.version) ?? { major: 0, minor: 0 };
  const place = { account: account.id, family: familyOf(manifest.type), name: manifest.name };
  const problem = await nameProblem(tx, account, manifest);
  if (problem !== null) throw refused([problem]);
  const existing = await lockVersion(tx, { ...place, major, minor });
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

/** A copy never takes the place of what the account made itself. */
function ownContent(component: ComponentRow): ApiError {
  return new ApiError(
    'ALREADY_EXISTS',
    `you have ${withArticle(component.type)} ${formatTag(component)} of your own with other content; delete it, or push it as another version, before you import this one`,
  );
}

function withArticle(type: ComponentType): string {
  return `${type === 'partitioner' ? 'a' : 'an'} ${type}`;
}
