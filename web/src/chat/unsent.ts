// What was on its way when the tab was reloaded.
import { keep, kept } from "../kept";
import type { Outgoing } from "./view";

const UNSENT = "task-agent.unsent";

export function keepUnsent(outgoing: Outgoing[]): void {
  keep(UNSENT, JSON.stringify(outgoing.filter(({ state }) => state !== "sent")));
}

/** Nothing of what is damaged: whoever else writes there must not keep the page from being shown. */
export function keptUnsent(): Outgoing[] {
  try {
    const found: unknown = JSON.parse(kept(UNSENT) ?? "[]");
    return Array.isArray(found) ? found.filter(isOutgoing) : [];
  } catch {
    return [];
  }
}

function isOutgoing(one: Partial<Outgoing> | null): one is Outgoing {
  const isKnown = one?.state === "sending" || one?.state === "failed";
  return isKnown && typeof one.message?.id === "string" && Array.isArray(one.message.parts);
}
