// A tab's storage in the hands of a test.
import { vi } from "vitest";

/** Stands in for it until the test takes back its globals; `over` is what it does differently. */
export function storage(over: Partial<Storage> = {}): Map<string, string> {
  const kept = new Map<string, string>();
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
    ...over,
  });
  return kept;
}
