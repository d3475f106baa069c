// The openai package for Node against the service: one response by its stream helper, or by hand behind a cut.
import OpenAI from "openai";
import { scenario, tell } from "./scenario.mjs";

/** What a test wants to know of a response. */
const told = (response) => ({
  id: response.id,
  status: response.status,
  text: response.output_text,
  calls: response.output.filter((item) => item.type === "mcp_call").map((item) => ({ name: item.name, status: item.status })),
  error: response.error,
});

await scenario(async ({ url, user, input, create, retrieve, cancel, back }) => {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "any", defaultHeaders: { "X-User-Id": user }, maxRetries: 0 });
  if (retrieve) return told(await client.responses.stream({ response_id: retrieve }).finalResponse());
  if (!back && !cancel) {
    try {
      return told(await client.responses.stream({ model: "task-agent", input, ...create }).finalResponse());
    } catch (error) {
      if (!(error instanceof OpenAI.APIError)) throw error;
      return { refused: { status: error.status, code: error.code, param: error.param, type: error.type } };
    }
  }
  const numbers = [];
  let id, last, deltas = 0;
  const read = async (stream) => {
    for await (const event of stream) {
      last = event;
      numbers.push(event.sequence_number);
      if (event.type === "response.created") tell("started", { id: (id = event.response.id) });
      if (event.type === "response.output_text.delta" && ++deltas === 3) {
        tell("text");
        if (cancel) await client.responses.cancel(id);
      }
    }
  };
  try {
    await read(await client.responses.create({ model: "task-agent", input, stream: true }));
  } catch (error) {
    if (!back) throw error;
  }
  const deadline = Date.now() + 60_000;
  while (back && !last.response?.output?.length && Date.now() < deadline) {
    try {
      await read(await client.responses.retrieve(id, { stream: true, starting_after: last.sequence_number }));
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200)); // the service is being started again
    }
  }
  return { ...told(await client.responses.retrieve(id)), numbers, end: last.type };
});
