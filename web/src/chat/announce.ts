// What a screen reader is told of answers that have ended. Pure.
import { TEXTS, say } from "../texts";
import { textOf } from "./parts";
import type { Message } from "./wire";

const T = TEXTS.chat;

/** The answers that are being given: the one that grows here, and any that runs elsewhere. */
export const beingGiven = (messages: Message[], live: Message | null): string[] => [
  ...(live ? [live.id] : []),
  ...messages.filter(({ role, metadata }) => role === "assistant" && metadata?.status === "running").map(({ id }) => id),
];

/** How those of the `awaited` answers ended that have ended, by their ids. */
export function ended(awaited: Iterable<string>, messages: Message[], live: Message | null): Map<string, string> {
  const given = new Set(beingGiven(messages, live));
  const over = [...awaited].flatMap((id) => messages.filter((message) => message.id === id && !given.has(id)));
  return new Map(over.map((message) => [message.id, told(message)]));
}

function told(answer: Message): string {
  const { status, error } = answer.metadata ?? {};
  if (status === "failed") return say(T.failed, { why: error?.message ?? "" });
  return status === "cancelled" ? T.cancelled : say(T.answered, { text: textOf(answer) });
}

/** How many messages wait for their answers. */
export const waiting = (messages: Message[]): number =>
  messages.filter(({ role, metadata }) => role === "user" && metadata?.status === "queued").length;

/** What is said of a message before whose answer so many others come. */
export const queued = (ahead: number): string => (ahead > 1 ? say(T.queuedBehind, { n: ahead }) : T.queued);
