import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ofTurn, seen } from "./service";

const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });

beforeEach(() => void vi.stubGlobal("fetch", async (path: string) => Response.json({ path })));
afterEach(() => void vi.unstubAllGlobals());

// one client, which asks for nothing twice: what was told of one step is not shown for another
it.each([
  [null, null, "/context?conversation=main"],
  ["main.1.a", null, "/turns/main.1.a/context"],
  ["main.1.a", 0, "/turns/main.1.a/context?step=0"],
  ["main.1.a", 2, "/turns/main.1.a/context?step=2"],
])("a context is asked for by turn and step: %s, %s", async (turn, step, path) => {
  expect(await client.fetchQuery(seen(turn, step))).toEqual({ path });
});

const undo = (status: "ordered" | "done") => ({ status, tasks: [] });

it.each([
  ["runs", { status: "running", undo: null }, 2],
  ["is being undone", { status: "cancelled", undo: undo("ordered") }, 2],
  ["was undone", { status: "cancelled", undo: undo("done") }, 1],
  ["has ended", { status: "completed", undo: null }, 1],
])("who comes back to a turn that %s asks as often as anything can have changed", async (_what, turn, times) => {
  const asked = vi.fn(async () => Response.json(turn));
  vi.stubGlobal("fetch", asked);
  const fresh = new QueryClient();
  for (let look = 0; look < 2; look++) await fresh.fetchQuery(ofTurn("main.1.a"));
  expect(asked).toHaveBeenCalledTimes(times);
});
