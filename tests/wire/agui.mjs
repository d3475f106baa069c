// The stock client, as every scenario uses it: an agent with its messages, and a record of what it made of a run.
import { HttpAgent } from "@ag-ui/client";

// Of a connection that is cut off the client throws twice: out of runAgent, and once more where nobody can catch it.
process.on("unhandledRejection", (error) => {
  if (error?.message !== "terminated") throw error;
});

/** An agent that speaks for `user`; `fetch` replaces the network for streams that a test has made itself. */
export function agentFor({ url, user, threadId, messages, fetch }) {
  const headers = { "X-User-Id": user ?? "local" };
  return new HttpAgent({ url: `${url}/agui`, headers, threadId, initialMessages: messages ?? [], fetch });
}

/** Runs the agent; what it and its subscribers saw. `on(event)` sees every event as it comes. */
export async function watched(agent, parameters = {}, on = () => {}) {
  const seen = { types: [], outcome: null, pending: null, error: null, runError: null, activities: 0, customs: [] };
  const note = (field) => ({ event }) => void (seen[field] = event);
  const subscriber = {
    onEvent: ({ event }) => (seen.types.push(event.type), on(event)),
    onRunStartedEvent: note("started"),
    onRunFinishedEvent: (told) => void ((seen.outcome = told.outcome), (seen.pending = told.pendingToolCallIds ?? null)),
    onRunErrorEvent: ({ event }) => void (seen.runError = { message: event.message, code: event.code }),
    onRunFailed: ({ error }) => void (seen.error = String(error)),
    onCustomEvent: ({ event }) => void seen.customs.push({ name: event.name, value: event.value }),
  };
  const silent = console.error;
  console.error = () => {}; // the client prints what it also throws
  try {
    await agent.runAgent(parameters, subscriber);
  } catch (error) {
    seen.error ??= String(error);
  } finally {
    console.error = silent;
  }
  return { ...seen, messages: agent.messages, state: agent.state };
}
