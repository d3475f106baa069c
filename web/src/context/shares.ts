// The token budget by part. Pure; the parts add up to the budget, or to what is used when that is more.
import type { Context } from "../api/types";

export interface Shares {
  system: number;
  exchanges: number;
  tools: number;
  free: number;
}

/** `tools` is the service's overhead: the tools' schemas and the framing of each message. */
export function shares(context: Context): Shares {
  const sum = (wanted: (role: string) => boolean) =>
    context.messages.reduce((total, m) => total + (m.included && wanted(m.role) ? m.tokens : 0), 0);
  return {
    system: sum((role) => role === "system"),
    exchanges: sum((role) => role !== "system"),
    tools: context.overhead,
    free: Math.max(0, context.budget - context.used),
  };
}
