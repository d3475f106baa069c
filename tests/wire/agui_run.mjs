// One person with the stock client: says something, watches, and, if told to, leaves in its middle and comes back, or goes on.
import { agentFor, watched } from "./agui.mjs";
import { begun, scenario, tell } from "./scenario.mjs";

await scenario(async ({ url, user, threadId, text, messageId, leave, back, then, messages, forwardedProps }) => {
  const agent = agentFor({ url, user, threadId, messages });
  const say = (content) => agent.addMessage({ id: messageId ?? crypto.randomUUID(), role: "user", content });
  // Without a run id the client makes one up for each run.
  const run = (on) => watched(agent, { forwardedProps }, on);
  if (text !== undefined) say(text);
  let shown = "";
  const seen = await run((event) => {
    if (event.type === "RUN_STARTED") {
      tell("started", { turnId: event.metadata["task-agent"].turnId });
      if (leave === "at once") agent.abortRun();
    }
    if (event.type === "CUSTOM") tell("custom");
    if (event.type === "TEXT_MESSAGE_CONTENT" && !begun(shown) && begun((shown += event.delta))) {
      tell("text");
      if (leave) agent.abortRun();
    }
  });
  if (back) return comesBack(agent, run, seen);
  const runs = [seen];
  for (const more of then ?? []) {
    if (more !== null) say(more); // else it only runs again
    runs.push(await run());
  }
  return { ...runs.at(-1), runs };
});

async function comesBack(agent, run, first) {
  tell("left", { messages: agent.messages });
  const deadline = Date.now() + 60_000; // where the service was killed, it takes a moment
  for (;;) {
    const again = await run((event) => event.type === "TEXT_MESSAGE_CONTENT" && tell("again"));
    if (again.outcome || again.runError || Date.now() > deadline) return { ...again, first };
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
