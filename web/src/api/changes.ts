// The changes a person makes to a task. Each says how the task is to be, so one that is so already is no failure: made twice,
// made elsewhere at the same time, or made although the answer was lost.
import { call } from "./http";
import type { Task } from "./types";

export type TaskChange =
  | { path: "status"; body: { status: string } }
  | { path: "assignee"; body: { assignee: string | null } }
  | { path: "deadline"; body: { deadline: string | null } };

export const addressOf = (id: string): string => `/tasks/${encodeURIComponent(id)}`;

/** The task, changed; throws why not, or why nobody knows. */
export async function change(id: string, wanted: TaskChange): Promise<Task> {
  try {
    return await call<Task>(`${addressOf(id)}/${wanted.path}`, { method: "POST", body: wanted.body });
  } catch (error) {
    const task = await call<Task>(addressOf(id)).catch(() => null);
    if (task !== null && isSo(task, wanted)) return task;
    throw error;
  }
}

/** Whether there is nothing to change any more. */
export function isSo(task: Task, { path, body }: TaskChange): boolean {
  if (path === "status") return task.status === body.status;
  if (path === "assignee") return task.assignee === body.assignee;
  return instant(task.deadline) === instant(body.deadline);
}

const instant = (deadline: string | null): number | null => (deadline === null ? null : Date.parse(deadline));
