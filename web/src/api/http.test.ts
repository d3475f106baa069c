import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { begun } from "./fixtures";
import { TEXTS } from "../texts";
import { call, isPassing } from "./http";

let line: ReturnType<typeof begun>;

beforeEach(() => {
  line = begun();
  vi.stubGlobal("fetch", async () => line.response);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});

it("a good answer is what was sent", async () => {
  const answer = call("/tasks");
  line.send('{"tasks":[]}');
  line.end();
  expect(await answer).toEqual({ tasks: [] });
});

it("an answer that breaks off may be asked for again, like one that never came", async () => {
  const answer = call("/tasks").catch(isPassing);
  line.send('{"tas');
  line.cut();
  expect(await answer).toBe(true);
});

it("an answer that cannot be understood will not be any better the next time", async () => {
  const answer = call("/tasks").catch(isPassing);
  line.send("<html>");
  line.end();
  expect(await answer).toBe(false);
});

it.each([
  ["nobody answers", async () => Promise.reject(new TypeError("Failed to fetch")), TEXTS.network.unreachable],
  ["the answer breaks off", async () => (line.cut(), line.response), TEXTS.network.cut],
  ["the answer is no JSON", async () => new Response("<html>"), TEXTS.network.nonsense],
])("says in words of the page that %s", async (_what, fetch, words) => {
  vi.stubGlobal("fetch", fetch);
  await expect(call("/tasks")).rejects.toThrow(words);
});

it("tells the service the zone that one is in by now", async () => {
  const told: unknown[] = [];
  vi.stubGlobal("fetch", async (_: string, { headers }: { headers: Record<string, string> }) => {
    told.push(headers["X-Time-Zone"]);
    return Response.json({});
  });
  for (const zone of ["Europe/Berlin", "America/New_York"]) {
    vi.stubEnv("TZ", zone);
    await call("/tasks");
  }
  expect(told).toEqual(["Europe/Berlin", "America/New_York"]);
});
