import { describe, expect, it } from "vitest";
import { task } from "../api/fixtures";
import type { Task } from "../api/types";
import { counts, select } from "./select";

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
    expect(ids(select(all, { filter: "open", sort: "deadline", search: "" }))).toEqual(["late", "soon", "later", "none"]);
  });

  it("sorts by the others too", () => {
    expect(ids(select(all, { filter: "all", sort: "newest", search: "" }))[0]).toBe("late");
    expect(ids(select(all, { filter: "open", sort: "title", search: "" }))).toEqual(["soon", "late", "later", "none"]);
    expect(ids(select(all, { filter: "open", sort: "assignee", search: "" }))).toEqual(["none", "later", "soon", "late"]);
  });

  it("finds every word, wherever it is", () => {
    expect(ids(select(all, { filter: "all", sort: "title", search: "LATER bob" }))).toEqual(["later"]);
    expect(select(all, { filter: "all", sort: "title", search: "later alice" })).toEqual([]);
  });

  it("counts what each filter shows", () => {
    expect(counts(all)).toEqual({ open: 4, overdue: 1, done: 1, all: 5 });
  });
});
