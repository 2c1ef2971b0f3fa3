import { invalid, type ComponentType, type FieldViolation } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { effectiveParams, type JobDoc } from '../../domain/job-doc.ts';
import type { ComponentRecord } from '../../store/components.ts';
import { checkParamsSize } from './draft.ts';
import { resolveComponent } from './resolve-component.ts';

/** Checks sizes of all params, and the named components' params against the schemas that resolve now. */
export async function checkParams(
  ctx: Context,
  account: string,
  doc: JobDoc,
  components: readonly ComponentType[],
): Promise<void> {
  checkParamsSize(ctx, {
    partitioner: effectiveParams(doc, 'partitioner').text,
    app: effectiveParams(doc, 'app').text,
    assembler: effectiveParams(doc, 'assembler').text,
  });
  const resolved = new Map<ComponentType, ComponentRecord>();
  for (const component of components) {
    const record = await resolveComponent(ctx.store.db, account, doc, component);
    if (record !== null && record !== 'passthrough') resolved.set(component, record);
  }
  await checkSchemas(ctx, doc, resolved);
}

/** Params of each component against its own schema; every violation with its path. */
export async function checkSchemas(
  ctx: Context,
  doc: JobDoc,
  components: ReadonlyMap<ComponentType, ComponentRecord>,
): Promise<void> {
  const violations: FieldViolation[] = [];
  for (const [component, { revision }] of components) {
    if (revision.schema === null) continue;
    const value = effectiveParams(doc, component).text;
    for (const { path, message } of await ctx.schemas.validate(revision.schema, value)) {
      const field = ['params', component, path].filter(Boolean).join('.');
      violations.push({ field, description: message });
    }
  }
  const first = violations[0];
  if (first === undefined) return;
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : '';
  throw invalid(`${first.field} ${first.description}${more}`, violations);
}
