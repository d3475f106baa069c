// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type Root, createRoot } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Task, TaskPage } from "../api/types";
import { TEXTS } from "../texts";
import { Board } from "./Board";
import { FIRST_CHOICE } from "./select";

const page = (n: number, next: string | null): TaskPage => ({
  tasks: [{ task_id: `t-${n}`, title: `Task ${n}`, status: "pending", assignee: null, deadline: null, created_at: "", version: 1 } as Task],
  next,
});

let root: Root;
let tell: (older: TaskPage) => void;
let asked: string[];

beforeEach(() => {
  asked = [];
  const older = new Promise<TaskPage>((resolve) => (tell = resolve));
  vi.stubGlobal("fetch", async (path: string) => {
    asked.push(path);
    return Response.json(path.includes("cursor=") ? await older : page(1, "c"));
  });
  root = createRoot(document.body);
  root.render(
    <QueryClientProvider client={new QueryClient()}>
      <Board opened={null} onOpen={() => undefined} choice={FIRST_CHOICE} onChoose={() => undefined} />
    </QueryClientProvider>,
  );
});
afterEach(() => {
  root.unmount();
  vi.unstubAllGlobals();
});

const button = (name: string) => [...document.querySelectorAll("button")].find(({ textContent }) => textContent.includes(name));

it("who shows older tasks with the keyboard is not left nowhere", async () => {
  const more = await vi.waitUntil(() => button(TEXTS.tasks.more));
  more.focus();
  more.click();
  await vi.waitUntil(() => more.getAttribute("aria-disabled") === "true");
  more.click();
  expect(more.disabled).toBe(false);
  expect(document.activeElement).toBe(more);
  tell(page(0, null));
  await vi.waitUntil(() => !more.isConnected);
  expect(document.activeElement).toBe(button("Task 0"));
  expect(asked).toHaveLength(2);
});
