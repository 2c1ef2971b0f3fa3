import { z } from 'zod';
import { timestamp, userObject } from './common.ts';

/** Types by the name that is emitted, with the spellings accepted. */
export const SECRET_TYPES = {
  aws: ['aws', 's3'],
  gcp: ['gcp'],
  storj: ['storj'],
  other: ['other'],
} as const satisfies Record<string, readonly string[]>;
export type SecretType = keyof typeof SECRET_TYPES;

/** The emitted name of a type as a caller may spell it; undefined for no type. */
export function secretTypeOf(text: string): SecretType | undefined {
  return Object.entries(SECRET_TYPES).find(([, spellings]) =>
    spellings.some((spelling) => spelling === text),
  )?.[0] as SecretType | undefined;
}

/** Never `.` or `..`, which no path of a URL can name. */
const ID = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,128}$/;

/** A value travels to tasks in environment variables, which have an end. */
const VALUE_CHARS = 32 * 1024;

export const SecretInput = z.object({
  id: z
    .string()
    .refine(
      (id) => id === '' || ID.test(id),
      'must be at most 128 letters, digits, ".", "_" or "-", and not "." or ".."',
    )
    .optional(),
  secretType: z.string(),
  accessKey: z.string().max(VALUE_CHARS).optional(),
  expiresAt: z.iso.datetime({ offset: true }).optional(),
  params: userObject().optional(),
  name: z.string().max(256).optional(),
});

export const CreateSecretInput = z
  .object({ secret: SecretInput, secretKey: z.string().min(1, 'is required').max(VALUE_CHARS) })
  .meta({ id: 'CreateSecretInput' });
export type CreateSecretInput = z.output<typeof CreateSecretInput>;

export const Secret = z
  .object({
    id: z.string(),
    secretType: z.enum(Object.keys(SECRET_TYPES) as [SecretType, ...SecretType[]]),
    accessKey: z.string(),
    expiresAt: timestamp,
    params: userObject(),
    name: z.string(),
  })
  .meta({ id: 'Secret' });
export type Secret = z.output<typeof Secret>;

export const SecretsReply = z.object({ secrets: z.array(Secret) });
