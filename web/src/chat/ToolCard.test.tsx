import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import type { DynamicToolUIPart, UIMessage } from "ai";
import { renderToStaticMarkup } from "react-dom/server";
import { beforeEach, expect, it } from "vitest";
import { looked, noWorkflow, workflow } from "../api/fixtures";
import { TEXTS } from "../texts";
import { ToolCard } from "./ToolCard";

const T = TEXTS.tool;

let client: QueryClient;
beforeEach(() => void (client = new QueryClient()));

const called = (status: string): DynamicToolUIPart => ({
  type: "dynamic-tool",
  toolName: "create_task",
  toolCallId: "c1",
  state: "output-available",
  input: { title: "Write it" },
  output: { task_id: "t", workflow_id: "task-workflow-t", status },
});

/** The card of a `create_task` call, as it is drawn. */
function card(part = called("running")): string {
  const message: UIMessage = { id: "m", role: "assistant", parts: [part] };
  return renderToStaticMarkup(
    <QueryClientProvider client={client}>
      <ToolCard message={message} part={part} growing={false} onTask={() => undefined} />
    </QueryClientProvider>,
  );
}

it("works while nothing else is known, and says how far it is and what is to come", async () => {
  expect(card()).toContain(T.running);
  await looked(client, workflow("running"));
  for (const text of [T.running, TEXTS.steps.done.validate, TEXTS.steps.waiting.reminder]) expect(card()).toContain(text);
  expect(card()).not.toContain(T.untoldWhy);
});

it("ends as its workflow has ended", async () => {
  await looked(client, workflow("completed"));
  expect(card()).toContain(`: ${T.done}"`);
  await looked(client, workflow("failed"));
  expect(card()).toContain(`: ${T.failed}"`);
});

it("is done when it only looked, also at a workflow that has failed", () => {
  const look = { ...called("failed"), toolName: "get_workflow_status", input: { workflow_id: "task-workflow-t" } };
  expect(card(look)).toContain(`: ${T.done}"`);
  expect(card(look)).not.toContain(T.failed);
});

it("says that it cannot be told when its workflow cannot be looked up", async () => {
  await looked(client, noWorkflow);
  expect(card()).toContain(`: ${T.untold}"`);
  expect(card()).toContain(T.untoldWhy);
  expect(card()).not.toContain(T.running);
});

it("keeps the steps that were seen, and promises no more of them, once it cannot be told", async () => {
  await looked(client, workflow("running"));
  await looked(client, noWorkflow);
  for (const text of [T.untold, T.untoldWhy, TEXTS.steps.done.validate]) expect(card()).toContain(text);
  for (const text of [TEXTS.steps.waiting.reminder, "<details"]) expect(card()).not.toContain(text);
});

it("is done as its result says, though its workflow cannot be looked up", async () => {
  await looked(client, noWorkflow);
  expect(card(called("completed"))).toContain(`: ${T.done}"`);
  expect(card(called("completed"))).not.toContain(T.untoldWhy);
});
