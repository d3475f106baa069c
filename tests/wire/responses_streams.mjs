// Feeds streams that a test has made to the openai package for Node: its parser of events, and its helper's accumulator.
import OpenAI from "openai";
import { answered, answers } from "./scenario.mjs";

await answers(async ({ body, sizes }) => {
  const client = new OpenAI({ baseURL: "http://nowhere.invalid/v1", apiKey: "any", maxRetries: 0, fetch: answered(body, sizes) });
  const events = [];
  const texts = {}; // by output index, as the helper has put them together
  const stream = client.responses.stream({ model: "task-agent", input: "hi" });
  stream.on("event", (event) => events.push(event));
  stream.on("response.output_text.delta", ({ output_index, snapshot }) => (texts[output_index] = snapshot));
  const { id, status, output_text } = await stream.finalResponse();
  return { events, texts, id, status, output_text };
});
