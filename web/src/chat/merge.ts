// How what is known of a conversation takes in a newer page of its end. Pure.
import type { UIMessage } from "ai";

/**
 * `page`, the newest messages, behind what is known of older ones. A message that has not changed stays the same object, so
 * that nothing draws it again. When the page does not touch what was known, only the page is kept: there may be a gap.
 */
export function merge<M extends UIMessage>(known: M[], page: M[]): M[] {
  const first = page[0];
  const from = first ? known.findIndex((message) => message.id === first.id) : -1;
  const before = from > 0 ? known.slice(0, from) : [];
  const old = new Map(known.map((message) => [message.id, message]));
  return [...before, ...page.map((message) => same(old.get(message.id), message) ?? message)];
}

function same<M>(old: M | undefined, fresh: M): M | undefined {
  return old !== undefined && JSON.stringify(old) === JSON.stringify(fresh) ? old : undefined;
}
