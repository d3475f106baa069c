// What is wired together in live.ts: when the service can tell again what it could not, the page finds out.
import {
  InfiniteQueryObserver,
  MutationObserver,
  type QueryClient,
  QueryObserver,
  environmentManager,
  onlineManager,
} from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { begun, task, workflow } from "./api/fixtures";
import type { Task } from "./api/types";
import { lookedAt, turnTo } from "./api/visible.fixtures";

const passed = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const missing = async () => Response.json({ code: "workflow_not_found", detail: "Workflow not found" }, { status: 404 });
const running = async () => Response.json(workflow("running"));
const nobody = () => Promise.reject(new TypeError("Failed to fetch"));

let lines: ReturnType<typeof begun>[];
let ask: () => Promise<Response>;
let queries: QueryClient;
let stored: object[];
let loaded: string[]; // of history
let tasks: Task[];
let answered: { list?: Promise<void>; feed?: Promise<void> }; // what is held up until when

beforeEach(async () => {
  vi.useFakeTimers();
  environmentManager.setIsServer(() => false);
  vi.stubGlobal("window", lookedAt()); // what happens to the document is heard there, too
  vi.stubGlobal("sessionStorage", { getItem: () => null, setItem: () => undefined });
  vi.stubGlobal("BroadcastChannel", EventTarget);
  vi.stubGlobal("navigator", {}); // one page alone
  vi.stubGlobal("fetch", async (path: string) => {
    if (path.startsWith("/workflows/")) return ask();
    if (path.startsWith("/api/chat/main/stream")) return new Response(null, { status: 204 });
    if (path.startsWith("/api/chat/main/messages")) {
      loaded.push(path);
      return Response.json({ messages: path.endsWith("?limit=1") ? stored.slice(-1) : stored, next: null });
    }
    if (path.startsWith("/tasks?")) {
      const read = Response.json({ tasks, next: path.includes("cursor") ? null : "older" });
      await answered.list;
      return read;
    }
    const line = begun();
    lines.push(line);
    await answered.feed;
    return line.response;
  });
  lines = [];
  stored = [];
  loaded = [];
  tasks = [];
  answered = {};
});
afterEach(() => {
  onlineManager.setOnline(true);
  queries.unmount();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.resetModules();
});

/** The page as it is wired, on which somebody looks at the processing of a task: what is told of it. */
async function opened() {
  const { isUntold, processing } = await import("./api/processing");
  const live = await import("./live");
  queries = live.queries;
  queries.mount();
  live.start();
  const observer = new QueryObserver(queries, processing("t"));
  observer.subscribe(() => undefined);
  await passed(0);
  return () => (isUntold(observer.getCurrentResult()) ? "untold" : observer.getCurrentResult().data?.status);
}

it("what could not be told is asked for again when the feed has been away", async () => {
  ask = missing;
  const told = await opened();
  expect(told()).toBe("untold");
  ask = running;
  await passed(20_000);
  expect(told()).toBe("untold"); // nothing has happened that would be a reason to ask
  lines[0]?.cut();
  await passed(300);
  expect(told()).toBe("running");
});

it("what could not be told is asked for again when somebody comes back to the page", async () => {
  ask = missing;
  const told = await opened();
  ask = running;
  turnTo("hidden");
  turnTo("visible");
  await passed(0);
  expect(told()).toBe("running");
});

it("nothing is called untold because of a service that starts, and it is heard as soon as it answers", async () => {
  ask = nobody;
  const told = await opened();
  await passed(65_000);
  expect(told()).toBeUndefined();
  ask = running;
  await passed(4_000);
  expect(told()).toBe("running");
});

it("what nobody answers for two minutes is untold", async () => {
  ask = nobody;
  const told = await opened();
  await passed(120_000);
  expect(told()).toBe("untold");
});

it("a conversation that was cleared elsewhere is empty here at once", async () => {
  ask = running;
  stored = [{ id: "main.1.x", role: "user", parts: [{ type: "text", text: "hi" }] }];
  await opened();
  const { conversation } = await import("./live");
  conversation.look();
  await passed(100);
  expect(conversation.view.messages).toHaveLength(1);
  stored = [];
  lines[0]?.send('id: 1\nevent: conversation.cleared\ndata: {"event_type":"conversation.cleared","conversation":"main"}\n\n');
  await passed(100);
  expect(conversation.view.messages).toHaveLength(0);
});

it("a browser that calls itself offline asks all the same, and once more when it does so no longer", async () => {
  onlineManager.setOnline(false);
  ask = running;
  const told = await opened();
  expect(told()).toBe("running");
  const change = new MutationObserver(queries, { mutationFn: async () => "done" });
  expect(await change.mutate()).toBe("done");
  const seen = new QueryObserver(queries, { queryKey: ["seen"], queryFn: vi.fn(async () => "seen") });
  seen.subscribe(() => undefined);
  await passed(11_000); // it is no longer fresh
  expect(seen.options.queryFn).toHaveBeenCalledTimes(1);
  onlineManager.setOnline(true);
  await passed(0);
  expect(seen.options.queryFn).toHaveBeenCalledTimes(2);
});

describe("the list of tasks, while one of them is looked at", () => {
  /** The list is drawn, with an older page, and then no longer; what there is to see for who comes back to it. */
  async function left() {
    await opened();
    const { listed } = await import("./api/tasks");
    const board = new InfiniteQueryObserver(queries, listed);
    const leave = board.subscribe(() => undefined);
    await passed(0);
    await board.fetchNextPage();
    leave();
    return () => {
      const again = new InfiniteQueryObserver(queries, listed);
      again.subscribe(() => undefined);
      return () => again.getCurrentResult().data?.pages.map((page) => page.tasks.map(({ task_id }) => task_id));
    };
  }
  beforeEach(() => {
    ask = missing;
    tasks = [task("known")];
  });

  it("misses nothing of what was not told, whatever is told before somebody comes back to it", async () => {
    const back = await left();
    tasks = [task("missed"), task("known", { version: 2 })];
    lines[0]?.cut();
    await passed(300);
    const event = { event_type: "task.completed", task: task("known", { version: 2 }) };
    lines[1]?.send(`id: 2\nevent: task.completed\ndata: ${JSON.stringify(event)}\n\n`);
    await passed(100);
    const seen = back();
    await passed(0);
    expect(seen()?.[0]).toEqual(["missed", "known"]);
  });

  it("is kept, with its older pages, for longer than other things are", async () => {
    const back = await left();
    await passed(360_000);
    expect(back()()).toHaveLength(2);
  });
});

it("a page on which nothing happens loads no history again, and shows all the same what the feed has not told", async () => {
  ask = running;
  const said = (id: string) => ({ id, role: "user", parts: [{ type: "text", text: "hi" }] });
  stored = [said("main.1.x"), said("main.2.x")];
  await opened();
  const { conversation } = await import("./live");
  conversation.look();
  for (let time = 0; time < 6; time++) {
    lines[0]?.send(": ping\n\n"); // the feed is there
    await passed(10_000);
  }
  const whole = () => loaded.filter((path) => !path.endsWith("?limit=1")).length;
  expect(whole()).toBe(1);
  expect(loaded.length).toBeGreaterThan(5); // it looks
  stored = [...stored, said("main.3.x")];
  await passed(10_000);
  expect(conversation.view.messages).toHaveLength(3);
  lines[0]?.cut();
  await passed(300);
  expect(whole()).toBe(3); // for what was new, and after the gap
});

it.each([["list", "feed"], ["feed", "list"]] as const)("a task made while the page opens is seen, when %s comes before %s", async (...order) => {
  ask = missing;
  const come = { list: () => {}, feed: () => {} };
  for (const what of order) answered[what] = new Promise((resolve) => (come[what] = resolve));
  await opened();
  const { listed } = await import("./api/tasks");
  const board = new InfiniteQueryObserver(queries, listed);
  board.subscribe(() => undefined);
  await passed(0); // it has been read by the service
  tasks = [task("made")];
  for (const what of order) {
    come[what]();
    await passed(0);
  }
  expect(board.getCurrentResult().data?.pages[0]?.tasks.map(({ task_id }) => task_id)).toEqual(["made"]);
});
