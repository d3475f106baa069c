// @vitest-environment happy-dom
// The list of tasks, for who seeks among all of them.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type Root, createRoot } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { task } from "./fixtures";
import { useTasks } from "./tasks";

let client: QueryClient;
let root: Root;
let asked: string[]; // the pages
let answer: (page: string) => Promise<void>; // once this has resolved

beforeEach(() => {
  asked = [];
  answer = () => Promise.resolve();
  vi.stubGlobal("fetch", async (path: string) => {
    const page = new URL(path, "http://host").searchParams.get("cursor") ?? "1";
    asked.push(page);
    await answer(page);
    return Response.json({ tasks: [task(`on ${page}`)], next: page === "3" ? null : String(Number(page) + 1) });
  });
  client = new QueryClient();
  root = createRoot(document.body);
});
afterEach(() => {
  root.unmount();
  client.clear();
  vi.unstubAllGlobals();
});

/** After whatever is about to be drawn. */
const drawn = () => new Promise((resolve) => setTimeout(resolve));
const shown = () => document.body.textContent;

function List({ seeking }: { seeking: boolean }) {
  const { data } = useTasks(seeking);
  return data?.pages.map(({ tasks }) => tasks.map(({ title }) => title).join(" and ")).join(", ");
}

function draw(seeking: boolean): void {
  root.render(
    <QueryClientProvider client={client}>
      <List seeking={seeking} />
    </QueryClientProvider>,
  );
}

it("is one page again when the search is over, and no more is loaded again", async () => {
  draw(true);
  await vi.waitUntil(() => shown() === "on 1, on 2, on 3");
  draw(false);
  await vi.waitUntil(() => shown() === "on 1");
  await client.refetchQueries();
  asked = [];
  await client.refetchQueries();
  expect(asked).toEqual(["1"]);
});

it("is one page also when the search ends while an older one is under way", async () => {
  let come = (): void => undefined;
  answer = (page) => (page === "3" ? new Promise((resolve) => (come = resolve)) : Promise.resolve());
  draw(true);
  await vi.waitUntil(() => asked.includes("3"));
  draw(false);
  await vi.waitUntil(() => shown() === "on 1");
  come();
  await vi.waitUntil(() => client.isFetching() === 0);
  await drawn();
  expect(shown()).toBe("on 1");
});

it("is kept as it was loaded by who has not sought", async () => {
  draw(true);
  await vi.waitUntil(() => shown() === "on 1, on 2, on 3");
  root.render(null);
  await vi.waitUntil(() => shown() === "");
  draw(false);
  await vi.waitUntil(() => asked.length === 6);
  await vi.waitUntil(() => client.isFetching() === 0);
  await drawn();
  expect(shown()).toBe("on 1, on 2, on 3");
});
