// A feed and what surrounds it, in the hands of a test: the service, the network, and whether anybody looks.
import { afterEach, beforeEach, expect, vi } from "vitest";
import { Feed } from "./feed";
import { begun } from "./fixtures";
import { lookedAt } from "./visible.fixtures";

type Answer = Response | Error | Promise<Response>;

/**
 * How it answers the next attempts to follow the feed, when there were any, and which of them were given up. Beyond those answers
 * it never gives one, as when frozen.
 */
export const service = { answers: [] as (() => Answer)[], attempts: [] as number[], givenUp: [] as number[] };
export const onEvent = vi.fn();
export const onLive = vi.fn();
export const refused = () => new TypeError("Failed to fetch");
export const silent = () => new Promise<never>(() => undefined);
export const always = (answer: () => Answer) => Array.from({ length: 99 }, () => answer);
export const passed = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** For each test of a file. */
export function surrounded(): void {
  beforeEach(() => {
    vi.useFakeTimers({ now: 0 });
    lookedAt();
    vi.stubGlobal("window", new EventTarget());
    vi.stubGlobal("fetch", attempt);
    Object.assign(service, { answers: [], attempts: [], givenUp: [] });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    vi.resetAllMocks();
  });
}

function attempt(path: string, { signal }: RequestInit): Promise<Response> {
  expect(path).toBe("/events");
  const n = service.attempts.push(Date.now()) - 1;
  const answer = (service.answers.shift() ?? silent)();
  return new Promise((resolve, reject) => {
    if (answer instanceof Error) return reject(answer);
    signal?.addEventListener("abort", () => {
      service.givenUp.push(n);
      reject(signal.reason);
    });
    void Promise.resolve(answer).then(resolve);
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
