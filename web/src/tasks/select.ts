// Which tasks are shown, and in which order. Pure.
import type { Task } from "../api/types";

export type Filter = "open" | "overdue" | "done" | "all";
export type Sort = "deadline" | "newest" | "title" | "assignee";

/** What a person has chosen to see of the list. */
export interface Choice {
  filter: Filter;
  sort: Sort;
  search: string;
}

export const FIRST_CHOICE: Choice = { filter: "open", sort: "deadline", search: "" };

const FILTERS: Record<Filter, (task: Task) => boolean> = {
  open: (task) => task.status !== "completed" && task.status !== "cancelled",
  overdue: (task) => task.status === "overdue",
  done: (task) => task.status === "completed" || task.status === "cancelled",
  all: () => true,
};

const text = (a: string | null, b: string | null) => (a ?? "\uffff").localeCompare(b ?? "\uffff");

const SORTS: Record<Sort, (a: Task, b: Task) => number> = {
  deadline: (a, b) => Number(b.status === "overdue") - Number(a.status === "overdue") || text(a.deadline, b.deadline),
  newest: (a, b) => text(b.created_at, a.created_at),
  title: (a, b) => text(a.title, b.title),
  assignee: (a, b) => text(a.assignee, b.assignee) || text(a.deadline, b.deadline),
};

/** Tasks that pass the filter and have every word of `search` somewhere, in the order asked for. */
export function select(tasks: Task[], { filter, sort, search }: Choice): Task[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return tasks
    .filter((task) => {
      const said = `${task.title} ${task.description} ${task.assignee ?? ""} ${task.task_id}`.toLowerCase();
      return FILTERS[filter](task) && words.every((word) => said.includes(word));
    })
    .sort(SORTS[sort]);
}

/** How many tasks each filter would show. */
export const counts = (tasks: Task[]): Record<Filter, number> => ({
  open: tasks.filter(FILTERS.open).length,
  overdue: tasks.filter(FILTERS.overdue).length,
  done: tasks.filter(FILTERS.done).length,
  all: tasks.length,
});

/** Whether it is a choice among all tasks, and not a look at what there is. */
export const isSought = ({ filter, search }: Choice): boolean => filter === "overdue" || filter === "done" || search.trim() !== "";

export const isOpen = FILTERS.open;
