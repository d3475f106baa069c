import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderToStaticMarkup } from "react-dom/server";
import { beforeEach, expect, it } from "vitest";
import { looked, noWorkflow, workflow } from "../api/fixtures";
import { Problem } from "../api/http";
import { TEXTS, say } from "../texts";
import { Processed } from "./Processed";

const T = TEXTS.task;
const away = new Problem(503, "engine_unavailable", "The engine is away.");

let client: QueryClient;
beforeEach(() => void (client = new QueryClient({ defaultOptions: { queries: { retryOnMount: false } } })));

const drawn = () =>
  renderToStaticMarkup(
    <QueryClientProvider client={client}>
      <Processed task="t" />
    </QueryClientProvider>,
  );

it("says how it goes, and what is still to come", async () => {
  await looked(client, workflow("running"));
  for (const text of [T.processingStatus.running, TEXTS.steps.done.validate, TEXTS.steps.waiting.notify]) {
    expect(drawn()).toContain(text);
  }
});

it("tells a task without a workflow from one whose workflow cannot be loaded", async () => {
  await looked(client, noWorkflow);
  expect(drawn()).toContain(T.noProcessing);
  await looked(client, away);
  expect(drawn()).toContain(say(T.processingError, { why: "The engine is away." }));
});

it.each([noWorkflow, away])("does not say any more that it runs when that cannot be told: $message", async (problem) => {
  await looked(client, workflow("running"));
  await looked(client, problem);
  for (const text of [say(T.processingError, { why: problem.message }), TEXTS.steps.done.validate]) expect(drawn()).toContain(text);
  for (const text of [T.processingStatus.running, TEXTS.steps.waiting.notify]) expect(drawn()).not.toContain(text);
});

it("stays as it ended, whatever a later look says", async () => {
  await looked(client, workflow("completed"));
  await looked(client, away);
  expect(drawn()).toContain(T.processingStatus.completed);
  expect(drawn()).not.toContain("The engine is away.");
});
