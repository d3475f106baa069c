import { QueryClient, QueryObserver, environmentManager } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { isUntold, processing, processingTold } from "./processing";
import type { WorkflowStatus } from "./types";

const MINUTE = 60_000;
const ask = vi.fn<() => Promise<Response>>();
const passed = (ms: number) => vi.advanceTimersByTimeAsync(ms);

let client: QueryClient;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("fetch", ask);
  environmentManager.setIsServer(() => false); // it looks for a window, and without one looks at nothing twice
  client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
});
afterEach(() => {
  client.clear();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.resetAllMocks();
});

const is = (status: WorkflowStatus) => ask.mockImplementation(async () => Response.json({ task_id: "t", status, steps: [] }));
const refuses = (status: number) => ask.mockImplementation(async () => new Response("{}", { status }));

/** Somebody who looks at the processing of a task, and what can be told of it. */
async function looking() {
  const observer = new QueryObserver(client, processing("t"));
  observer.subscribe(() => undefined);
  await passed(0);
  const untold = () => isUntold(observer.getCurrentResult());
  return { untold, status: () => (untold() ? "untold" : observer.getCurrentResult().data?.status) };
}

it("is looked at once a second while it runs, and no more when it has ended", async () => {
  is("running");
  const { status } = await looking();
  await passed(2_500);
  expect([status(), ask.mock.calls.length]).toEqual(["running", 3]);
  is("failed");
  await passed(MINUTE);
  expect([status(), ask.mock.calls.length]).toEqual(["failed", 4]);
});

it("is not taken for untold while the first answer is waited for", async () => {
  ask.mockReturnValue(new Promise(() => undefined));
  expect((await looking()).status()).toBeUndefined();
});

it.each([404, 500])("cannot be told when it is answered by %i, and so it stays while it is asked for again", async (code) => {
  refuses(code);
  const { status } = await looking();
  expect(status()).toBe("untold");
  let answer!: (response: Response) => void;
  ask.mockReturnValue(new Promise((resolve) => (answer = resolve)));
  void client.invalidateQueries();
  await passed(0);
  expect([status(), ask.mock.calls.length]).toEqual(["untold", 2]);
  answer(Response.json({ task_id: "t", status: "completed", steps: [] }));
  await passed(0);
  expect(status()).toBe("completed");
});

it.each([404, 500])("cannot be told any more when it was seen running and is then answered by %i", async (code) => {
  is("running");
  const { status } = await looking();
  refuses(code);
  await passed(1_000);
  expect(status()).toBe("untold");
  is("running");
  await client.invalidateQueries();
  expect(status()).toBe("running");
});

it("stays told when its end has been seen, whatever a later look says", async () => {
  processingTold(client, { task_id: "t", status: "completed", steps: [] });
  refuses(500);
  const { status } = await looking();
  await client.invalidateQueries();
  expect([status(), ask.mock.calls.length > 0]).toEqual(["completed", true]);
});

it("is asked for now and then where the service fails, and not where there is none", async () => {
  refuses(500);
  await looking();
  await passed(MINUTE);
  expect(ask).toHaveBeenCalledTimes(3);
  refuses(404);
  await passed(60 * MINUTE);
  expect(ask).toHaveBeenCalledTimes(4);
});
