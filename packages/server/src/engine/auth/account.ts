import type { ROLES } from '@bytenite/contract';

export type Role = (typeof ROLES)[number];

/** Who asks. Every use case gets it, and every query is bound to its id. */
export interface Account {
  id: string;
  userName: string;
  role: Role;
}

/** An account with the API key that it came with, in person or through an access token. */
export interface Caller extends Account {
  keyId: string;
}
