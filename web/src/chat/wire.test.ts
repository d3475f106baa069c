import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Unreachable } from "../api/http";
import { begun } from "../api/fixtures";
import { join, read } from "./wire";

let left: AbortController;

beforeEach(() => {
  vi.useFakeTimers();
  left = new AbortController();
  vi.stubGlobal("fetch", neverAnswered);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** As by a service that is frozen, or over a line that is dead. */
const neverAnswered = (_: string, { signal }: RequestInit) =>
  new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));

const joined = () => join("main", left.signal, null).catch((error: unknown) => error);

it("an answer that does not begin is not waited for without end", async () => {
  const result = joined();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(await result).toBeInstanceOf(Unreachable);
});

it("an answer that does not begin can be left before that", async () => {
  const result = joined();
  left.abort("left");
  expect(await result).toBe("left");
});

it("an answer that has begun may take as long as it likes", async () => {
  const line = begun();
  vi.stubGlobal("fetch", async (_: string, { signal }: RequestInit) => {
    signal?.addEventListener("abort", () => line.cut());
    return line.response;
  });
  const shown = vi.fn();
  const reading = read((await joined()) as Response, shown, left.signal);
  const say = (...chunks: object[]) => chunks.forEach((chunk) => line.send(`data: ${JSON.stringify(chunk)}\n\n`));
  say({ type: "start", messageId: "t1" }, { type: "text-start", id: "s0" });
  for (let pings = 0; pings < 3; pings++) {
    await vi.advanceTimersByTimeAsync(10_000);
    line.send(": ping\n\n");
  }
  say({ type: "text-delta", id: "s0", delta: "Done" }, { type: "text-end", id: "s0" }, { type: "finish" });
  line.end();
  await reading;
  expect(shown.mock.lastCall?.[0]).toMatchObject({ id: "t1", parts: [{ type: "text", text: "Done" }] });
});
