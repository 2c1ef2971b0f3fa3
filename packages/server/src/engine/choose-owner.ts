import { invalid } from '@bytenite/contract';
import type { Owner } from '../store/public-owners.ts';

/**
 * The one owner whose public object is meant, of those that fit; null when nobody does. A user name may
 * be somebody else's id: then the id counts.
 */
export function chooseOwner(
  owners: readonly Owner[],
  wanted: string | undefined,
  thing: string,
): string | null {
  const [owner, other] = owners;
  const named = owners.find(({ id }) => id === wanted);
  if (named !== undefined) return named.id;
  if (owner !== undefined && other !== undefined) {
    const names = owners.map(({ userName }) => userName).join(', ');
    const description = `is required: ${thing} is shared by ${names}`;
    throw invalid(`owner ${description}`, [{ field: 'owner', description }]);
  }
  return owner?.id ?? null;
}
