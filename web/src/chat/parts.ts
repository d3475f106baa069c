// What the page reads out of a UI message: its text, its tool calls, and what each call's workflow has come to.
import type { DynamicToolUIPart, UIMessage } from "ai";
import type { Task, WorkflowStatus, WorkflowStep } from "../api/types";

export interface Progress {
  task_id: string;
  status: WorkflowStatus;
  steps: WorkflowStep[];
}

export const textOf = (message: UIMessage): string =>
  message.parts.map((part) => (part.type === "text" ? part.text : "")).filter(Boolean).join("\n\n");

export const isTool = (part: UIMessage["parts"][number]): part is DynamicToolUIPart => part.type === "dynamic-tool";

/** The newest snapshot that came for a tool call; null when none has told its steps, as in what was stored of it. */
export function progressOf(message: UIMessage, callId: string): Progress | null {
  const part = message.parts.findLast((p) => p.type === "data-task" && p.id === callId);
  const data = part && "data" in part ? (part.data as Partial<Progress>) : null;
  return data?.steps && data.steps.length > 0 ? (data as Progress) : null;
}

const record = (value: unknown): Record<string, unknown> =>
  value !== null && typeof value === "object" ? (value as Record<string, unknown>) : {};

/** The task a call made or touched, as far as its result tells. */
export function taskOf(part: DynamicToolUIPart): { id: string; task: Task | null; status: string | null } | null {
  const output = record(part.output);
  const input = record(part.input);
  const id = output.task_id ?? record(output.task).task_id ?? input.task_id;
  if (typeof id !== "string") return null;
  const whole = "title" in output && "version" in output ? output : record(output.task);
  return {
    id,
    task: "version" in whole ? (whole as unknown as Task) : null,
    status: typeof output.workflow_id === "string" ? String(output.status) : null,
  };
}

/** What the workflow that a call started has come to; null when it started none: one that only looked is done, whatever it saw. */
export const outcomeOf = (part: DynamicToolUIPart, told: Progress | null): string | null =>
  part.toolName === "create_task" ? (told?.status ?? taskOf(part)?.status ?? null) : null;

/** The task whose workflow a call started and left running, when nothing here knows how that ended. */
export function leftRunning(part: DynamicToolUIPart, told: Progress | null): string | null {
  const touched = taskOf(part);
  return touched?.status === "running" && outcomeOf(part, told) === "running" ? touched.id : null;
}

/** A refusal as the AI SDK's wire has it, but for the code at its end, which is for programs. */
export const spoken = (refusal: string): string => refusal.replace(/ \([a-z][a-z0-9_]*\)$/, "");

/** The arguments worth a line on the card, in the order the model gave them. */
export function argumentsOf(part: DynamicToolUIPart): [string, string][] {
  return Object.entries(record(part.input)).flatMap(([name, value]) =>
    value === null || typeof value === "object" ? [] : [[name, String(value)] as [string, string]],
  );
}
