/** How a runner of root divides its thousand uids and gids (see launcher.py). */
export const MAX_SLOTS = 750;
/** Groups of user caches come after the slots. */
export const MAX_CACHES = 250;
/** The last uid is nobody's slot, so what runs as it is not ended with the tasks of a slot, of whichever runner. */
const LOOKING = 999;

/** Who looks for interpreters as a task would; null as an ordinary user. */
export function lookingUid(uidBase: number | null): number | null {
  return uidBase === null ? null : uidBase + LOOKING;
}
