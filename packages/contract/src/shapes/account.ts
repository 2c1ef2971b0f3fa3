import { z } from 'zod';
import { PageQuery, Pagination, stringInt, timestamp, userObject } from './common.ts';

export const AccessTokenInput = z.object({ apiKey: z.string() });
export const AccessTokenReply = z.object({
  token: z.string(),
  expiresIn: stringInt,
  scope: z.string(),
});

export const ContactInfo = z.object({
  company: z.string(),
  jobTitle: z.string(),
  phoneNumber: z.string(),
  address1: z.string(),
  address2: z.string(),
  city: z.string(),
  state: z.string(),
  zip: z.string(),
  country: z.string(),
});
export type ContactInfo = z.output<typeof ContactInfo>;

export const ROLES = ['ROLE_NONE', 'ROLE_USER', 'ROLE_DEVELOPER', 'ROLE_ADMIN'] as const;

const answers = z.array(z.object({ step: z.string(), answer: userObject() }));

/** What a user may have at a time; 0 is no limit. */
export const UserLimits = z
  .object({
    runningTasks: z.int().min(0).max(1_000_000_000),
    cpus: z.number().min(0).max(1_000_000_000),
    queuedTasks: z.int().min(0).max(1_000_000_000),
  })
  .meta({ id: 'UserLimits' });
export type UserLimits = z.output<typeof UserLimits>;

export const User = z
  .object({
    id: z.string(),
    createdAt: timestamp,
    lastLogin: timestamp,
    displayName: z.string(),
    email: z.string(),
    settings: userObject(),
    photoUrl: z.string(),
    providerId: z.string(),
    emailVerified: z.boolean(),
    customClaims: userObject().nullable(),
    role: z.enum(ROLES),
    firstName: z.string(),
    lastName: z.string(),
    contactInfo: ContactInfo,
    disabled: z.boolean(),
    isOnboarded: z.boolean(),
    onboardingInfo: answers,
    userName: z.string(),
    limits: UserLimits.describe('What the user may have at a time; 0 is no limit (extension)'),
  })
  .meta({ id: 'User' });
export type User = z.output<typeof User>;

export const UserReply = z.object({ user: User });

const userName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'must be up to 64 letters, digits, ".", "_" or "-", the first a letter or digit',
  );

export const UpdateUserInput = z.object({
  firstName: z.string().max(256).optional(),
  lastName: z.string().max(256).optional(),
  contactInfo: ContactInfo.partial().optional(),
  displayName: z.string().max(256).optional(),
  userName: userName.optional(),
  settings: userObject().optional(),
  isOnboarded: z.boolean().optional(),
  onboardingInfo: answers.optional(),
});
export type UpdateUserInput = z.output<typeof UpdateUserInput>;

const email = z.union([z.literal(''), z.email('must be an e-mail address').max(254)]);

export const CreateUserInput = z.object({
  userName,
  email: email.optional(),
  role: z.enum(ROLES).optional(),
  displayName: z.string().max(256).optional(),
});
export type CreateUserInput = z.output<typeof CreateUserInput>;

/** What an administrator may change of an account. */
export const ChangeUserInput = z.object({
  disabled: z.boolean().optional(),
  role: z.enum(ROLES).optional(),
  limits: UserLimits.partial()
    .optional()
    .describe("The user's own limits; those that are not named stay as they are"),
  defaultLimits: z
    .boolean()
    .optional()
    .describe('Forgets the limits of its own first: those of all users hold'),
});
export type ChangeUserInput = z.output<typeof ChangeUserInput>;

export const UsersQuery = PageQuery.extend({ userName: z.string().optional() });
export type UsersQuery = z.output<typeof UsersQuery>;

export const UserList = z.object({ users: z.array(User), pagination: Pagination });

export const ApiKey = z
  .object({
    id: z.string(),
    name: z.string(),
    issuedAt: timestamp,
    expiresAt: timestamp,
    userId: z.string(),
    revoked: z.boolean(),
    fingerprint: z.string(),
    lastUsedAt: timestamp.describe('Last use, to the minute (extension)'),
  })
  .meta({ id: 'ApiKey' });
export type ApiKey = z.output<typeof ApiKey>;

export const CreateApiKeyInput = z.object({
  name: z.string().trim().min(1, 'is required').max(256),
  /** One-time code and its nonce; not looked at where no mail service sends codes. */
  code: z.string().optional(),
  nonce: z.string().optional(),
  duration: z
    .union([z.string(), z.number()])
    .optional()
    .describe('How long the key lives: "<n>s" or seconds; one year when empty'),
});
export type CreateApiKeyInput = z.output<typeof CreateApiKeyInput>;

export const CreateApiKeyReply = z.object({
  token: z.string().describe('The key itself, shown this once'),
  apiKey: ApiKey,
});

export const ApiKeysReply = z.object({ apiKeys: z.array(ApiKey) });
