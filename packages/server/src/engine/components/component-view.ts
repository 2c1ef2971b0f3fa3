import type { Context } from '../../context.ts';
import type { Manifest } from '../../domain/manifest.ts';
import { userNamesOf } from '../../store/accounts.ts';
import { manifestOf, type ComponentRecord } from '../../store/components.ts';

/** A component as replies show it: with one revision, its manifest and its owner's name. */
export interface ComponentView extends ComponentRecord {
  manifest: Manifest;
  userName: string;
}

export async function viewComponent(ctx: Context, record: ComponentRecord): Promise<ComponentView> {
  const names = await userNamesOf(ctx.store.db, [record.component.account]);
  return toView(record, names);
}

export async function viewComponents(
  ctx: Context,
  records: readonly ComponentRecord[],
): Promise<ComponentView[]> {
  const owners = records.map(({ component }) => component.account);
  const names = await userNamesOf(ctx.store.db, owners);
  return records.map((record) => toView(record, names));
}

function toView(record: ComponentRecord, names: ReadonlyMap<string, string>): ComponentView {
  return {
    ...record,
    manifest: manifestOf(record.revision),
    userName: names.get(record.component.account) ?? '',
  };
}
