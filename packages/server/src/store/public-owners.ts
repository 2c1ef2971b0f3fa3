/** Which accounts share something of a name: what imports choose from. */
import type { ComponentType } from '@bytenite/contract';
import { familiesOf } from './components.ts';
import type { Db } from './store.ts';

export interface Owner {
  id: string;
  userName: string;
}

interface OwnersQuery {
  /** Who asks: the own ones are no choice. */
  except: string;
  /** Only this owner, by id or user name. */
  owner: string | undefined;
}

/** More than one is all that matters; so many are named. */
const MAX_OWNERS = 10;

export interface ComponentOwnersQuery extends OwnersQuery {
  types: readonly ComponentType[];
  name: string;
  major: number | null;
  minor: number | null;
}

/** The owners of public components that fit a tag. */
export async function ownersOfPublicComponents(
  db: Db,
  { types, name, major, minor, ...query }: ComponentOwnersQuery,
): Promise<Owner[]> {
  let shared = db
    .selectFrom('component')
    .select('component.account')
    .where('component.is_public', '=', 1)
    .where('component.name', '=', name)
    .where('component.family', 'in', familiesOf(types))
    .where('component.type', 'in', types)
    .where('component.deleted_at', 'is', null);
  if (major !== null) shared = shared.where('component.major', '=', major);
  if (minor !== null) shared = shared.where('component.minor', '=', minor);
  return others(db, query).where('account.id', 'in', shared).execute();
}

/** The owners of public templates of an id. */
export async function ownersOfPublicTemplates(
  db: Db,
  { id, ...query }: OwnersQuery & { id: string },
): Promise<Owner[]> {
  const shared = db
    .selectFrom('template')
    .select('template.account')
    .where('template.is_public', '=', 1)
    .where('template.id', '=', id);
  return others(db, query).where('account.id', 'in', shared).execute();
}

function others(db: Db, { except, owner }: OwnersQuery) {
  const accounts = db
    .selectFrom('account')
    .select(['account.id', 'account.user_name as userName'])
    .where('account.id', '!=', except)
    .where('account.disabled', '=', 0)
    .orderBy('account.user_name')
    .limit(MAX_OWNERS);
  return owner === undefined
    ? accounts
    : accounts.where((e) =>
        e.or([e('account.id', '=', owner), e('account.user_name', '=', owner)]),
      );
}
