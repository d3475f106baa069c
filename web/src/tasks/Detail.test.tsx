// @vitest-environment happy-dom
// What is said of a task while not everything about it is known.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type Root, createRoot } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { task } from "../api/fixtures";
import { taskChanged } from "../api/tasks";
import { TEXTS, say } from "../texts";
import { Detail } from "./Detail";

const T = TEXTS.task;
const answered = (body: object, status = 200) => Promise.resolve(Response.json(body, { status }));
const lost = () => Promise.reject(new TypeError("Failed to fetch"));

let client: QueryClient;
let root: Root;
let read: () => Promise<Response>; // the task
let told: () => Promise<Response>; // its history
let changed: () => Promise<Response>;

beforeEach(() => {
  read = () => answered(task("t"));
  told = () => answered({ entries: [], dropped: 0 });
  vi.stubGlobal("fetch", (path: string, { method }: RequestInit) => {
    if (method === "POST") return changed();
    if (path.startsWith("/workflows/")) return answered({ code: "workflow_not_found", detail: "Workflow not found" }, 404);
    return path.endsWith("/history") ? told() : read();
  });
  client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  root = createRoot(document.body);
});
afterEach(() => {
  root.unmount();
  client.clear();
  vi.unstubAllGlobals();
});

async function opened(): Promise<void> {
  root.render(
    <QueryClientProvider client={client}>
      <Detail id="t" onBack={() => undefined} />
    </QueryClientProvider>,
  );
  await vi.waitUntil(() => button(T.start));
}

const button = (name: string) => [...document.querySelectorAll("button")].find(({ textContent }) => textContent === name);
const says = (text: string) => vi.waitUntil(() => document.body.textContent.includes(text));
const alert = () => document.querySelector("[role=alert]")?.textContent;
const unsure = say(T.unsure, { why: TEXTS.network.unreachable });

/** Somebody started the task, and nobody knows whether that was heard. */
async function startedPerhaps(): Promise<void> {
  await opened();
  changed = read = lost;
  button(T.start)?.click();
  await vi.waitUntil(() => alert() === unsure);
}

it("that it is not known whether it was changed is said until it shows that it was", async () => {
  await startedPerhaps();
  taskChanged(client, task("t", { version: 2, assignee: "Bob" }));
  await says("Bob");
  expect(alert()).toBe(unsure);
  taskChanged(client, task("t", { version: 3, assignee: "Bob", status: "in_progress" }));
  await vi.waitUntil(() => alert() === undefined);
});

it("and not again when it is otherwise later", async () => {
  await startedPerhaps();
  taskChanged(client, task("t", { version: 2, status: "in_progress" }));
  await vi.waitUntil(() => alert() === undefined);
  taskChanged(client, task("t", { version: 3, status: "assigned", assignee: "Bob" }));
  await says("Bob");
  expect(alert()).toBeUndefined();
});

it("a history that does not come is said to be loading, and then why it cannot be", async () => {
  let answer = (_: Response): void => undefined;
  told = () => new Promise((resolve) => (answer = resolve));
  await opened();
  await says(T.historyLoading);
  answer(Response.json({ code: "internal", detail: "It broke." }, { status: 500 }));
  await says(say(T.historyError, { why: "It broke." }));
  expect(document.body.textContent).not.toContain(T.historyLoading);
});
