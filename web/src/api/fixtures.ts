// What tests are about.
import type { Task } from "./types";

/** A task with nothing special about it, but `over`. */
export const task = (id: string, over: Partial<Task> = {}): Task => ({
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
