import {
  precondition,
  secretVariables,
  type ApiError,
  type ComponentType,
} from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { manifestOf, type ComponentRecord } from '../../store/components.ts';
import { findUsableSecrets } from '../secrets/grant-secrets.ts';

/** Refuses a job whose components ask for secrets that they would not get as they expect. */
export async function checkSecrets(
  ctx: Context,
  account: string,
  components: ReadonlyMap<ComponentType, ComponentRecord>,
): Promise<void> {
  checkOwners(account, components);
  for (const { revision } of components.values()) {
    const ids = manifestOf(revision).platformConfig.secrets;
    checkVariables(ids);
    const { missing } = await findUsableSecrets(ctx, account, ids);
    if (missing !== null) throw secretNotFound(missing);
  }
}

/** Components of another account get no secrets, and are refused when they ask for some. */
export function checkOwners(
  account: string,
  components: ReadonlyMap<ComponentType, ComponentRecord>,
): void {
  for (const [type, { component, revision }] of components) {
    const ids = manifestOf(revision).platformConfig.secrets;
    if (component.account === account || ids.length === 0) continue;
    throw precondition(
      `the ${type} ${component.name} belongs to another account and asks for secrets (${ids.join(', ')}), which it does not get; import it to run it as your own`,
    );
  }
}

export function secretNotFound(id: string): ApiError {
  return precondition(`secret not found: ${id}`);
}

/** Two secrets must not be given in one variable: which of them would depend on their order. */
function checkVariables(ids: readonly string[]): void {
  const owners = new Map<string, string>();
  for (const id of new Set(ids)) {
    for (const variable of secretVariables(id).keys()) {
      const other = owners.get(variable);
      if (other !== undefined && other !== id) {
        throw precondition(
          `the secrets ${other} and ${id} would both be given in the variable ${variable}; rename one of them`,
        );
      }
      owners.set(variable, id);
    }
  }
}
