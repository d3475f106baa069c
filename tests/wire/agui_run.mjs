// One person with the stock client: says something, watches, and, if told to, leaves in its middle and comes back.
import { agentFor, watched } from "./agui.mjs";
import { begun, scenario, tell } from "./scenario.mjs";

await scenario(async ({ url, user, threadId, runId, text, leave, back, messages }) => {
  const agent = agentFor({ url, user, threadId, messages });
  if (text !== undefined) agent.addMessage({ id: `u-${runId}`, role: "user", content: text });
  let shown = "";
  const seen = await watched(agent, { runId }, (event) => {
    if (event.type === "RUN_STARTED") tell("started", { turnId: event.metadata["task-agent"].turnId });
    if (event.type === "TEXT_MESSAGE_CONTENT" && !begun(shown) && begun((shown += event.delta))) {
      tell("text");
      if (leave) agent.abortRun();
    }
  });
  if (!back) return seen;
  tell("left", { messages: agent.messages });
  const deadline = Date.now() + 60_000; // where the service was killed, it takes a moment
  for (;;) {
    const again = await watched(agent, { runId });
    if (again.outcome || again.runError || Date.now() > deadline) return { ...again, first: seen };
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
});
