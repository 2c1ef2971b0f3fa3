import type { ROLES } from '@bytenite/contract';

export type Role = (typeof ROLES)[number];

/** Who asks. Every use case gets it, and every query is bound to its id. */
export interface Account {
  id: string;
  userName: string;
  role: Role;
}
