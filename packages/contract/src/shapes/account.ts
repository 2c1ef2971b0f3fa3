import { z } from 'zod';
import { stringInt, timestamp, userObject } from './common.ts';

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
    customClaims: z.null(),
    role: z.enum(ROLES),
    firstName: z.string(),
    lastName: z.string(),
    contactInfo: ContactInfo,
    disabled: z.boolean(),
    isOnboarded: z.boolean(),
    onboardingInfo: answers,
    userName: z.string(),
  })
  .meta({ id: 'User' });
export type User = z.output<typeof User>;

export const UserReply = z.object({ user: User });

export const UpdateUserInput = z.object({
  firstName: z.string().max(256).optional(),
  lastName: z.string().max(256).optional(),
  contactInfo: ContactInfo.partial().optional(),
  displayName: z.string().max(256).optional(),
  userName: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be letters, digits, ".", "_" or "-"')
    .optional(),
  settings: userObject().optional(),
  isOnboarded: z.boolean().optional(),
  onboardingInfo: answers.optional(),
});
export type UpdateUserInput = z.output<typeof UpdateUserInput>;
