/**
 * Ids of events. One row of the table tells about many things: the lines of a log pack, the tasks of a
 * batch. An id names the very one, as one number, so that a watcher that was cut off anywhere goes on
 * behind what it has.
 */

/** A row, and how many of its events lie at or before the place. */
export interface EventPlace {
  row: number;
  position: number;
}

/** More than the lines of the largest message of a runner; leaves room for 2^32 rows in a safe integer. */
const POSITIONS = 2 ** 21;

/** The position behind all of a row. */
export const WHOLE_ROW = POSITIONS - 1;

export function eventIdOf({ row, position }: EventPlace): number {
  return row * POSITIONS + Math.min(position, WHOLE_ROW);
}

export function eventPlaceOf(id: number): EventPlace {
  return { row: Math.floor(id / POSITIONS), position: id % POSITIONS };
}
