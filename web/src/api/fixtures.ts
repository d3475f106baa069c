// What tests are about.
import type { QueryClient } from "@tanstack/react-query";
import { Problem } from "./http";
import { processing } from "./processing";
import type { Task, Workflow, WorkflowStatus } from "./types";

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

/** The processing of task "t", of which the first step is done. */
export const workflow = (status: WorkflowStatus): Workflow => ({
  workflow_id: "task-workflow-t",
  task_id: "t",
  status,
  result: null,
  steps: [{ name: "validate", state: "done", undo: false, detail: "" }],
});

export const noWorkflow = new Problem(404, "workflow_not_found", "Workflow not found");

/** `client` has asked for the processing of task "t", and that was the answer. */
export async function looked(client: QueryClient, answer: Workflow | Problem): Promise<void> {
  const queryFn = () => (answer instanceof Problem ? Promise.reject(answer) : Promise.resolve(answer));
  await client.fetchQuery({ ...processing("t"), queryFn, retry: false, staleTime: 0 }).catch(() => undefined);
}

/** A response that has begun: the test says what comes and how it ends, and sees whether its reader has let go of it. */
export function begun() {
  let body!: ReadableStreamDefaultController<Uint8Array>;
  let isLeft = false;
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => void (body = controller),
    cancel: () => void (isLeft = true),
  });
  const encoder = new TextEncoder();
  return {
    response: new Response(stream),
    send: (what: string | Uint8Array) => body.enqueue(typeof what === "string" ? encoder.encode(what) : what),
    end: () => body.close(),
    cut: () => body.error(new TypeError("network error")),
    isLeft: () => isLeft,
  };
}
