// A look that costs little, for a page on which nothing is known to have happened.
import { merge } from "./merge";
import { type View, isUnderWay } from "./view";
import { newest } from "./wire";

/**
 * Whether all is stored as it is shown, by the newest turn alone: the ones before it have ended, and what becomes of one that
 * has ended (another answer, a clearing) makes another one the newest, or none. So it says no while anything is under way.
 */
export async function isAsShown(conversation: string, { loaded, messages, live, outgoing }: View): Promise<boolean> {
  const waits = outgoing.some(({ state }) => state !== "failed");
  if (!loaded || waits || live !== null || messages.some(isUnderWay)) return false;
  const merged = merge(messages, (await newest(conversation)).messages);
  return merged.length === messages.length && merged.every((message, index) => message === messages[index]);
}
