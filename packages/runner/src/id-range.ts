/** How a runner of root divides its thousand uids and gids (see launcher.py). */
export const MAX_SLOTS = 750;
/** Groups of user caches come after the slots. */
export const MAX_CACHES = 250;
