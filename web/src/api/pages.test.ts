import { describe, expect, it } from "vitest";
import { task as made } from "./fixtures";
import { merged, upsert } from "./pages";
import type { Task, TaskPage } from "./types";

const task = (id: string, version = 1): Task => made(id, { version, title: `${id}${version}` });
const titles = (pages: TaskPage[]) => pages.map((page) => page.tasks.map(({ title }) => title));

describe("upsert", () => {
  const pages = [{ tasks: [task("a", 3)], next: "n" }, { tasks: [task("b")], next: null }];

  it("replaces by a newer version, on whatever page", () => {
    expect(titles(upsert(pages, task("b", 2)))).toEqual([["a3"], ["b2"]]);
  });

  it("ignores what is older, or the same", () => {
    expect(upsert(pages, task("a", 2))).toBe(pages);
    expect(upsert(pages, task("a", 3))).toBe(pages);
  });

  it("puts a new task first", () => {
    expect(titles(upsert(pages, task("c")))).toEqual([["c1", "a3"], ["b1"]]);
  });
});

describe("merged", () => {
  const known: { pages: TaskPage[] } = { pages: [{ tasks: [task("a", 3), task("b")], next: "n" }] };

  it("keeps what the feed has told while the pages were loaded", () => {
    const fresh = { pages: [{ tasks: [task("a", 2), task("b", 2)], next: "n" }] };
    expect(titles(merged(known, fresh).pages)).toEqual([["a3", "b2"]]);
  });

  it("keeps a task that was made meanwhile, in front", () => {
    expect(titles(merged(known, { pages: [{ tasks: [task("b")], next: "n" }] }).pages)).toEqual([["a3", "b1"]]);
  });

  it("shows one once that the feed told before its page was loaded, in its newest version", () => {
    const older = (version: number) => ({ pages: [...known.pages, { tasks: [task("a", version), task("c")], next: null }] });
    expect(titles(merged(known, older(2)).pages)).toEqual([["a3", "b1"], ["c1"]]);
    expect(titles(merged(known, older(4)).pages)).toEqual([["a4", "b1"], ["c1"]]);
  });

  it("keeps the very object of what has not changed", () => {
    const again = { pages: [{ tasks: [task("a", 3), task("b", 2)], next: "n" }] };
    expect(merged(known, again).pages[0]?.tasks[0]).toBe(known.pages[0]?.tasks[0]);
  });
});
