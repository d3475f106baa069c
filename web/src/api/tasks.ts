// Tasks as the page keeps them: pages of the list, kept fresh by the feed, and the changes a person makes.
import {
  type InfiniteData,
  type QueryClient,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { call } from "./http";
import { merged, newer, upsert } from "./pages";
import type { Task, TaskHistory, TaskPage } from "./types";

type Pages = InfiniteData<TaskPage, string | null>;
const LIST = ["tasks"];
const PAGE = 100;

export function useTasks() {
  return useInfiniteQuery({
    queryKey: LIST,
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) =>
      call<TaskPage>(`/tasks?limit=${PAGE}${pageParam === null ? "" : `&cursor=${encodeURIComponent(pageParam)}`}`),
    getNextPageParam: (page) => page.next,
    structuralSharing: (known, fresh) => merged(known as Pages | undefined, fresh as Pages),
  });
}

export const useTask = (id: string) =>
  useQuery({
    queryKey: ["task", id],
    queryFn: () => call<Task>(`/tasks/${encodeURIComponent(id)}`),
    structuralSharing: (known, fresh) => newer(known as Task | undefined, fresh as Task),
  });

export const useTaskHistory = (id: string) =>
  useQuery({ queryKey: ["task", id, "history"], queryFn: () => call<TaskHistory>(`/tasks/${encodeURIComponent(id)}/history`) });

export type TaskChange =
  | { path: "status"; body: { status: string } }
  | { path: "assignee"; body: { assignee: string | null } }
  | { path: "deadline"; body: { deadline: string | null } };

export function useChangeTask(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ path, body }: TaskChange) =>
      call<Task>(`/tasks/${encodeURIComponent(id)}/${path}`, { method: "POST", body }),
    onSuccess: (task) => taskChanged(client, task),
    onError: () => client.invalidateQueries({ queryKey: ["task", id] }),
  });
}

/** A task is as `task` says: told by the feed, or by the answer to a change. */
export function taskChanged(client: QueryClient, task: Task): void {
  client.setQueryData<Pages>(LIST, (pages) => pages && { ...pages, pages: upsert(pages.pages, task) });
  client.setQueryData<Task>(["task", task.task_id], (known) => newer(known, task));
  void client.invalidateQueries({ queryKey: ["task", task.task_id, "history"] });
  void client.invalidateQueries({ queryKey: ["task", task.task_id, "workflow"] });
}
