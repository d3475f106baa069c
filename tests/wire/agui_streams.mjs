// Feeds streams that a test has made to the stock client: its parser, its verifier and its reducer.
import { agentFor, watched } from "./agui.mjs";
import { answered, answers } from "./scenario.mjs";

const warnings = [];
console.warn = (...told) => warnings.push(told.join(" "));

await answers(async ({ messages, body, sizes }) => {
  const agent = agentFor({ url: "http://nowhere.invalid", threadId: "main", messages, fetch: answered(body, sizes) });
  warnings.length = 0;
  return { ...(await watched(agent, { runId: "run-1" })), warnings: [...warnings] };
});
