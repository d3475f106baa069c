// How what is known of a conversation takes in a newer page of its end. Pure.
import { textOf } from "./parts";
import type { Message } from "./wire";

/**
 * `page`, the newest messages, behind what is known of older ones. A message that has not changed stays the same object, so
 * that nothing draws it again. When the page does not touch what was known, only the page is kept: there may be a gap.
 * `live` is the answer as it was seen to grow.
 */
export function merge(known: Message[], page: Message[], live: Message | null = null): Message[] {
  const first = page[0];
  const from = first ? known.findIndex((message) => message.id === first.id) : -1;
  const before = from > 0 ? known.slice(0, from) : [];
  const old = new Map(known.map((message) => [message.id, message]));
  return [...before, ...page.map((message) => taken(message, old.get(message.id), live?.id === message.id ? live : undefined))];
}

function taken(fresh: Message, old: Message | undefined, live: Message | undefined): Message {
  // The words of an answer that was stopped are stored right after the stop: until then they are what was seen here.
  const seen = fresh.metadata?.status === "cancelled" ? (live ?? old) : undefined;
  const whole = seen && textOf(seen).length > textOf(fresh).length ? { ...fresh, parts: seen.parts } : fresh;
  return same(old, whole) ?? whole;
}

function same<M>(old: M | undefined, fresh: M): M | undefined {
  return old !== undefined && JSON.stringify(old) === JSON.stringify(fresh) ? old : undefined;
}
