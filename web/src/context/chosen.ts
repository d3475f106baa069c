// Which turn is shown: the one that was chosen, for as long as there is one.
import type { History } from "../api/types";

export type Listed = History["turns"][number];

/**
 * `chosen`, or null when it is gone, as after a clearing. `listed`, newest first, is what has been loaded: as others come, the
 * oldest ones leave it, and are still there.
 */
export function stillThere(chosen: Listed | null, listed: Listed[], hasOlder: boolean): Listed | null {
  if (chosen === null || isAmong(listed, chosen)) return chosen;
  const oldest = listed.at(-1);
  return hasOlder && oldest && chosen.number < oldest.number ? chosen : null;
}

/** What there is to choose from: `chosen` in any case, behind the newer ones when it is not among them. */
export const withChosen = (chosen: Listed | null, listed: Listed[]): Listed[] =>
  chosen === null || isAmong(listed, chosen) ? listed : [...listed, chosen];

const isAmong = (listed: Listed[], { turn_id }: Listed): boolean => listed.some((other) => other.turn_id === turn_id);
