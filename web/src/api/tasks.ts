// Tasks as the page keeps them: pages of the list, kept fresh by the feed, and the changes a person makes.
import {
  type InfiniteData,
  type QueryClient,
  infiniteQueryOptions,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { TASKS_PAGE_MAX } from "../limits";
import { type TaskChange, addressOf, change } from "./changes";
import { call } from "./http";
import { merged, newer, upsert } from "./pages";
import type { Task, TaskHistory, TaskPage } from "./types";

type Pages = InfiniteData<TaskPage, string | null>;
const LIST = ["tasks"];
const PAGES_SOUGHT_MAX = 10; // pages that are loaded unasked, for who looks for something

/**
 * The newest tasks, page by page. While a task is looked at nobody draws the list: it is kept as it was left, and loaded again
 * by who comes back, whatever its age. An event tells of one task, but makes the whole list look fresh that missed others.
 */
export const listed = infiniteQueryOptions({
  queryKey: LIST,
  initialPageParam: null as string | null,
  queryFn: ({ pageParam }) =>
    call<TaskPage>(`/tasks?limit=${TASKS_PAGE_MAX}${pageParam === null ? "" : `&cursor=${encodeURIComponent(pageParam)}`}`),
  getNextPageParam: (page) => page.next,
  structuralSharing: (known, fresh) => merged(known as Pages | undefined, fresh as Pages),
  refetchOnMount: "always",
  gcTime: Infinity,
});

/** Once it is told what happens: of a task that was made after the list was read, and before that, nobody has told. */
export const listAgain = (client: QueryClient): Promise<void> =>
  client.ensureInfiniteQueryData(listed).then(
    () => client.invalidateQueries({ queryKey: LIST }),
    () => undefined, // who draws it says so
  );

/**
 * For who is `seeking` among all tasks, older pages come by themselves, up to a bound: `isSeeking`. They go with the search: each
 * page that is there is loaded again whenever somebody comes back.
 */
export function useTasks(seeking: boolean) {
  const client = useQueryClient();
  const sought = useRef(seeking);
  const list = useInfiniteQuery(listed);
  const { data, error, isFetching, hasNextPage, fetchNextPage } = list;
  const isSeeking = seeking && hasNextPage && error === null && (data?.pages.length ?? 0) < PAGES_SOUGHT_MAX;
  useEffect(() => {
    if (isSeeking && !isFetching) void fetchNextPage();
  }, [isSeeking, isFetching, data, fetchNextPage]);
  useEffect(() => {
    if (sought.current && !seeking) dropOlder(client);
    sought.current = seeking;
  }, [seeking, client]);
  return { ...list, isSeeking };
}

function dropOlder(client: QueryClient): void {
  const list = client.getQueryCache().find<Pages>({ queryKey: LIST });
  const data = list?.state.data;
  // As the state, and not as data that has come: what comes is merged, and a merge forgets no task.
  if (data) list.setState({ data: { pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) } });
  void client.invalidateQueries({ queryKey: LIST }); // in the place of what is under way, which would bring them back
}

export const useTask = (id: string) =>
  useQuery({
    queryKey: ["task", id],
    queryFn: () => call<Task>(addressOf(id)),
    structuralSharing: (known, fresh) => newer(known as Task | undefined, fresh as Task),
  });

export const useTaskHistory = (id: string) =>
  useQuery({ queryKey: ["task", id, "history"], queryFn: () => call<TaskHistory>(`${addressOf(id)}/history`) });

export function useChangeTask(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (wanted: TaskChange) => change(id, wanted),
    onSuccess: (task) => taskChanged(client, task),
    onError: () => void client.invalidateQueries({ queryKey: ["task", id] }), // not waited for: the service may be away for long
  });
}

/** A task is as `task` says: told by the feed, or by the answer to a change. */
export function taskChanged(client: QueryClient, task: Task): void {
  client.setQueryData<Pages>(LIST, (pages) => pages && { ...pages, pages: upsert(pages.pages, task) });
  client.setQueryData<Task>(["task", task.task_id], (known) => newer(known, task));
  void client.invalidateQueries({ queryKey: ["task", task.task_id, "history"] });
  void client.invalidateQueries({ queryKey: ["task", task.task_id, "workflow"] });
}
