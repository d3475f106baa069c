import { describe, expect, it } from "vitest";
import { upsert } from "../api/tasks";
import type { Task } from "../api/types";
import { counts, select } from "./select";

const task = (id: string, over: Partial<Task> = {}): Task => ({
  task_id: id,
  title: id,
  description: "",
  status: "assigned",
  assignee: null,
  deadline: null,
  created_at: "2030-01-01T00:00:00.000+00:00",
  updated_at: "2030-01-01T00:00:00.000+00:00",
  created_by: "local",
  version: 1,
  ...over,
});

const ids = (tasks: Task[]) => tasks.map((t) => t.task_id);

describe("select", () => {
  const all = [
    task("later", { deadline: "2030-05-02T00:00:00.000+00:00", assignee: "Bob" }),
    task("none", { assignee: "alice" }),
    task("late", { status: "overdue", deadline: "2030-06-01T00:00:00.000+00:00", created_at: "2030-02-01T00:00:00.000+00:00" }),
    task("soon", { deadline: "2030-05-01T00:00:00.000+00:00", title: "Änderung" }),
    task("done", { status: "completed" }),
  ];

  it("puts what is overdue first, then what is due soonest, and last what has no deadline", () => {
    expect(ids(select(all, "open", "deadline", ""))).toEqual(["late", "soon", "later", "none"]);
  });

  it("sorts by the others too", () => {
    expect(ids(select(all, "all", "newest", ""))[0]).toBe("late");
    expect(ids(select(all, "open", "title", ""))).toEqual(["soon", "late", "later", "none"]);
    expect(ids(select(all, "open", "assignee", ""))).toEqual(["none", "later", "soon", "late"]);
  });

  it("finds every word, wherever it is", () => {
    expect(ids(select(all, "all", "title", "LATER bob"))).toEqual(["later"]);
    expect(select(all, "all", "title", "later alice")).toEqual([]);
  });

  it("counts what each filter shows", () => {
    expect(counts(all)).toEqual({ open: 4, overdue: 1, done: 1, all: 5 });
  });
});

describe("upsert", () => {
  const pages = [{ tasks: [task("a", { version: 3 })], next: "n" }, { tasks: [task("b")], next: null }];

  it("replaces by a newer version, on whatever page", () => {
    expect(upsert(pages, task("b", { version: 2, title: "new" }))[1]?.tasks[0]?.title).toBe("new");
  });

  it("ignores what is older, or the same", () => {
    expect(upsert(pages, task("a", { version: 2 }))).toBe(pages);
    expect(upsert(pages, task("a", { version: 3 }))).toBe(pages);
  });

  it("puts a new task first", () => {
    expect(ids(upsert(pages, task("c"))[0]?.tasks ?? [])).toEqual(["c", "a"]);
  });
});
