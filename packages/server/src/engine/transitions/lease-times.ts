import type { LeaseRow } from '../../store/tables.ts';

/** A runner's clock may be off: its times are kept between the lease's start and now. */
export function withinLease(lease: LeaseRow, at: number, now: number): number {
  return Math.round(Math.min(now, Math.max(lease.assigned_at, at)));
}
