import { ContactInfo, RawJson, type User } from '@bytenite/contract';
import type { UserView } from '../engine/auth/user.ts';
import { timestampOf } from './time.ts';

export function presentUser({ row, doc, limits }: UserView): User {
  return {
    id: row.id,
    createdAt: timestampOf(row.created_at),
    lastLogin: timestampOf(row.last_login_at),
    displayName: doc.displayName,
    email: doc.email,
    settings: new RawJson(doc.settings),
    photoUrl: '',
    providerId: '',
    emailVerified: false,
    customClaims: null,
    role: row.role as User['role'],
    firstName: doc.firstName,
    lastName: doc.lastName,
    contactInfo: presentContact(doc.contactInfo),
    disabled: row.disabled !== 0,
    isOnboarded: doc.isOnboarded,
    onboardingInfo: doc.onboardingInfo.map(({ step, answer }) => ({
      step,
      answer: new RawJson(answer),
    })),
    userName: row.user_name,
    limits,
  };
}

/** Every field is present; what was never set is empty. */
function presentContact(contact: UserView['doc']['contactInfo']): ContactInfo {
  const fields = Object.keys(ContactInfo.shape) as (keyof ContactInfo)[];
  return Object.fromEntries(
    fields.map((field) => [field, contact[field] ?? '']),
  ) as unknown as ContactInfo;
}
