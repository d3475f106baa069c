// An answer that is joined again is told from its start, over a slow line piece by piece. Pure.
import type { Message } from "./wire";

/**
 * Whether a replay has got as far as what is `shown`: painted before, that would shrink, grow again, and move who reads it. Asked
 * with each message of the replay. Once it has, what follows is new, and may be shorter: a step that was begun again.
 */
export function catchingUp(shown: Message | null): (message: Message) => boolean {
  const far = shown === null ? 0 : size(shown);
  let isThere = false;
  return (message) => (isThere ||= message.id !== shown?.id || size(message) >= far);
}

const size = ({ parts }: Message): number =>
  parts.reduce((sum, part) => sum + (part.type === "text" ? part.text.length : JSON.stringify(part).length), 0);
