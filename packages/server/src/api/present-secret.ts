import { RawJson, type Secret } from '@bytenite/contract';
import type { SecretView } from '../engine/secrets/manage-secrets.ts';
import { timestampOf } from './time.ts';

/** Everything but the secret key, which no reply holds. */
export function presentSecret({ row, content }: SecretView): Secret {
  return {
    id: row.id,
    secretType: row.type as Secret['secretType'],
    accessKey: content.accessKey,
    expiresAt: timestampOf(row.expires_at),
    params: new RawJson(content.params),
    name: row.name,
  };
}
