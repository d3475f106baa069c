// How the loaded pages of the list take in what is told of tasks, by the feed or by a page: each task once, its newest version. Pure.
import type { Task, TaskPage } from "./types";

interface Pages {
  pages: TaskPage[];
}

/** The newer of two versions of a task; the known one when it is the same, so that nothing draws it again. */
export const newer = (known: Task | undefined, fresh: Task): Task => (known && known.version >= fresh.version ? known : fresh);

/** `pages` with `task` in its place, or first when it is new; an older version than the known one changes nothing. */
export function upsert(pages: TaskPage[], task: Task): TaskPage[] {
  const known = pages.flatMap((page) => page.tasks).find((other) => other.task_id === task.task_id);
  if (known && known.version >= task.version) return pages;
  if (known) {
    return pages.map((page) => ({ ...page, tasks: page.tasks.map((t) => (t.task_id === task.task_id ? task : t)) }));
  }
  const [first, ...rest] = pages;
  return first ? [{ ...first, tasks: [task, ...first.tasks] }, ...rest] : pages;
}

/**
 * `fresh`, as loaded, without what is older than what is `known`: the feed may have told more while the request was under way,
 * a task also that these pages do not have yet. It may have told one, too, that lies on a page which was loaded only then.
 */
export function merged<P extends Pages>(known: P | undefined, fresh: P): P {
  const newest = new Map<string, Task>();
  for (const task of [...tasksOf(known), ...tasksOf(fresh)]) newest.set(task.task_id, newer(newest.get(task.task_id), task));
  const take = ({ task_id }: Task): Task[] => {
    const task = newest.get(task_id);
    newest.delete(task_id);
    return task ? [task] : [];
  };
  const placed = fresh.pages.map((page) => ({ ...page, tasks: page.tasks.flatMap(take) }));
  return { ...fresh, pages: [...newest.values()].reduceRight((pages, task) => upsert(pages, task), placed) };
}

const tasksOf = (data: Pages | undefined): Task[] => data?.pages.flatMap((page) => page.tasks) ?? [];
