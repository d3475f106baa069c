// What the service answers, as far as the page reads it. The schemas are in /openapi.json.

export type TaskStatus = "pending" | "assigned" | "in_progress" | "overdue" | "completed" | "cancelled";

export interface Task {
  task_id: string;
  title: string;
  description: string;
  status: TaskStatus;
  assignee: string | null;
  deadline: string | null;
  created_at: string;
  updated_at: string;
  created_by: string;
  version: number;
}

export interface TaskPage {
  tasks: Task[];
  next: string | null;
}

export interface TaskHistory {
  task_id: string;
  entries: { at: string; what: string; by: string; version: number; changes: Record<string, [string | null, string | null]> }[];
  dropped: number;
}

export type WorkflowStatus = "running" | "completed" | "rejected" | "failed";
export type StepName = "validate" | "create" | "assign" | "reminder" | "notify";

export interface WorkflowStep {
  name: StepName;
  state: "done" | "failed" | "skipped";
  undo: boolean;
  detail: string;
}

export interface Workflow {
  workflow_id: string;
  task_id: string;
  status: WorkflowStatus;
  result: { message: string } | null;
  steps: WorkflowStep[];
}

export type Role = "system" | "user" | "assistant" | "tool";
export type LeftOut = "exchange_limit" | "token_budget" | "endpoint_limit" | "regenerated";

export interface ContextMessage {
  role: Role;
  content: string;
  tokens: number;
  estimated: boolean;
  included: boolean;
  reason: LeftOut | null;
  turn_id: string | null;
  tool_calls: { call_id: string; name: string; arguments: string }[];
}

export interface Context {
  budget: number;
  used: number;
  overhead: number;
  estimated: boolean;
  messages: ContextMessage[];
  omitted_turns: number;
  sent: number | null; // tokens, when it was sent
  step: number | null; // of a turn, from 0
  steps: number[]; // of the turn, that can be asked for
}

export interface History {
  turns: { turn_id: string; number: number; status: string; messages: { role: Role; content: string }[]; submitted_at: string }[];
  next: number | null;
}

export type UndoState = "ordered" | "undone" | "left_alone" | "nothing_to_undo" | "failed";

export type Command = "create" | "status" | "assign";

export interface Turn {
  turn_id: string;
  status: string;
  message: { content: string } | null;
  regenerates: string | null;
  effects: { task_id: string; what: Command[] }[];
  undo: { status: "ordered" | "done" | "failed"; tasks: { task_id: string; state: UndoState; detail: string }[] } | null;
}

export interface About {
  version: string;
  model: string;
  demo: boolean;
  replica: string;
}

export type FeedEvent =
  | { event_type: "turn.admitted" | "conversation.updated" | "turn.undo_ended"; event_id: string; conversation: string; turn_id: string }
  | { event_type: "conversation.cleared"; event_id: string; conversation: string }
  | { event_type: `task.${string}`; event_id: string; task_id: string; task: Task };
