// The page in the hands of a test: whether anybody looks at it.
import { vi } from "vitest";

let page: EventTarget & { visibilityState: "visible" | "hidden" };

/** Stands in for the document, at which somebody looks, until the test takes back its globals. */
export function lookedAt(): EventTarget {
  page = Object.assign(new EventTarget(), { visibilityState: "visible" as const });
  vi.stubGlobal("document", page);
  return page;
}

export function turnTo(state: "visible" | "hidden"): void {
  page.visibilityState = state;
  page.dispatchEvent(new Event("visibilitychange"));
}
