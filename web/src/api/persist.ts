// What is harmless when done twice is done again until the service has answered it.
import { isPassing } from "./http";
import { backoff, pause } from "./pause";

export const ATTEMPTS = 30; // over some two minutes; the pauses stay short, so that nothing sleeps on when the service is back

/** Does `work` until it is done or refused, or nobody wants it any more. Throws what it was refused with. */
export async function persist(work: () => Promise<unknown>, isWanted: () => boolean): Promise<void> {
  for (let attempt = 1; attempt === 1 || isWanted(); attempt++) {
    try {
      await work();
      return;
    } catch (error) {
      if (!isPassing(error) || attempt === ATTEMPTS) throw error;
      if (isWanted()) await pause(backoff(attempt - 1));
    }
  }
}
