// A feed and what surrounds it, in the hands of a test: the service, the network, and whether anybody looks.
import { afterEach, beforeEach, expect, vi } from "vitest";
import { Feed } from "./feed";
import { begun } from "./fixtures";
import { lookedAt } from "./visible.fixtures";

/** How it answers the next attempts to follow the feed, and when there were any. Beyond those it never answers, as when frozen. */
export const service = { answers: [] as (() => Response | Error)[], attempts: [] as number[] };
export const onEvent = vi.fn();
export const onLive = vi.fn();
export const refused = () => new TypeError("Failed to fetch");
export const always = (answer: () => Response | Error) => Array.from({ length: 99 }, () => answer);
export const passed = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** For each test of a file. */
export function surrounded(): void {
  beforeEach(() => {
    vi.useFakeTimers({ now: 0 });
    lookedAt();
    vi.stubGlobal("window", new EventTarget());
    vi.stubGlobal("fetch", attempt);
    [service.answers, service.attempts] = [[], []];
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    vi.resetAllMocks();
  });
}

function attempt(path: string, { signal }: RequestInit): Promise<Response> {
  expect(path).toBe("/events");
  service.attempts.push(Date.now());
  const answer = service.answers.shift()?.();
  return new Promise((resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason));
    if (answer instanceof Error) reject(answer);
    else if (answer) resolve(answer);
  });
}

export const network = (event: "online" | "offline") => window.dispatchEvent(new Event(event));

export async function started(): Promise<Feed> {
  const feed = new Feed(onEvent, onLive);
  feed.start();
  await passed(0);
  return feed;
}

/** A feed that is live, over a line in the test's hand. */
export async function live() {
  const line = begun();
  service.answers = [() => line.response];
  return { line, feed: await started() };
}
