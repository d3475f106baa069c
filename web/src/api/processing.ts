// How a task's processing goes: as the service tells it, as a stream has told it, or that nobody can tell.
import { type QueryClient, type UseQueryResult, queryOptions, useQuery } from "@tanstack/react-query";
import { call, isMissing } from "./http";
import type { Workflow } from "./types";

const OFTEN = 1_000; // ms, while it runs
const SELDOM = 30_000; // ms, while it cannot be told: nothing else says when the service has found its words again

/**
 * Looked at again while it runs. One that does not exist is not waited for: it is asked for again, like everything, when the
 * feed has been away, and when somebody comes back to the page.
 */
export const processing = (id: string) =>
  queryOptions({
    queryKey: ["task", id, "workflow"],
    queryFn: () => call<Workflow>(`/workflows/task-workflow-${encodeURIComponent(id)}`),
    refetchInterval: ({ state: { status, error, data } }) => {
      if (status === "error") return isMissing(error) ? false : SELDOM;
      return data?.status === "running" ? OFTEN : false;
    },
  });

export const useWorkflow = (id: string, enabled = true) => useQuery({ ...processing(id), enabled });

/** Whether nobody can tell how it goes: the last look has failed, and none before saw its end. So it stays until one succeeds. */
export const isUntold = (seen: Pick<UseQueryResult<Workflow>, "data" | "isError" | "errorUpdateCount">): boolean =>
  seen.data ? seen.isError && seen.data.status === "running" : seen.errorUpdateCount > 0;

/** What a stream has told of a task's processing, for whoever asks for it next. */
export function processingTold(client: QueryClient, told: Pick<Workflow, "task_id" | "status" | "steps">): void {
  client.setQueryData<Workflow>(processing(told.task_id).queryKey, {
    workflow_id: `task-workflow-${told.task_id}`,
    result: null,
    ...told,
  });
}
