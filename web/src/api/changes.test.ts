import { afterEach, expect, it, vi } from "vitest";
import { type TaskChange, change } from "./changes";
import { task } from "./fixtures";
import { isPassing } from "./http";
import type { Task } from "./types";

const start: TaskChange = { path: "status", body: { status: "in_progress" } };
const refused = () => Response.json({ code: "illegal_status_change", detail: "It cannot." }, { status: 409 });
const lost = () => Promise.reject(new TypeError("Failed to fetch"));

/** A service that answers a change like that, and has the task as it `is`. */
function service(answer: () => Response | Promise<Response>, is: () => Response | Promise<Response>): void {
  vi.stubGlobal("fetch", async (_path: string, { method }: RequestInit) => (method === "POST" ? answer() : is()));
}
const as = (over: Partial<Task>) => () => Response.json(task("t", over));
afterEach(() => void vi.unstubAllGlobals());

it.each<[string, () => Response | Promise<Response>, TaskChange, Partial<Task>]>([
  ["refused", refused, start, { status: "in_progress" }],
  ["not answered", lost, start, { status: "in_progress" }],
  ["not answered", lost, { path: "assignee", body: { assignee: "Bob" } }, { assignee: "Bob" }],
  ["not answered", lost, { path: "deadline", body: { deadline: null } }, { deadline: null }],
  [
    "not answered",
    lost,
    { path: "deadline", body: { deadline: "2030-05-17T09:30:00.000Z" } },
    { deadline: "2030-05-17T09:30:00.000+00:00" },
  ],
])("a change that was %s succeeded if the task is as it was to be: %#", async (_how, answer, wanted, is) => {
  service(answer, as(is));
  expect(await change("t", wanted)).toEqual(task("t", is));
});

it("a refusal is one, of a task that is not as it was to be", async () => {
  service(refused, as({ status: "completed" }));
  await expect(change("t", start)).rejects.toThrow("It cannot.");
});

it("whether a lost change was made is not known, though the task is not as it was to be: it may still come", async () => {
  service(lost, as({ status: "assigned" }));
  expect(await change("t", start).catch(isPassing)).toBe(true);
  service(lost, lost);
  expect(await change("t", start).catch(isPassing)).toBe(true);
});
