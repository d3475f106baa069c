// The openai package for Node against the service: responses by its stream helper, or one by hand behind a cut.
import OpenAI from "openai";
import { begun, scenario, tell } from "./scenario.mjs";

const ENDS = ["response.completed", "response.failed", "response.incomplete"];

/** What a test wants to know of a response. */
const told = (response) => ({
  id: response.id,
  status: response.status,
  text: response.output_text,
  calls: response.output.filter((item) => item.type === "mcp_call"),
  error: response.error,
});

/** What one reader has seen: its events' numbers and types, and each item's text by its place. The test hears of it, too. */
class Seen {
  numbers = [];
  types = [];
  texts = {};

  /** Whether this event brings the text to its middle. */
  note(event) {
    this.numbers.push(event.sequence_number);
    this.types.push(event.type);
    if (event.type === "response.created") tell("started", { id: event.response.id });
    if (event.type === "response.queued") tell("queued");
    if (event.type !== "response.output_text.delta") return false;
    const before = this.texts[event.output_index] ?? "";
    const after = (this.texts[event.output_index] = before + event.delta);
    const reached = begun(after) && !begun(before);
    if (reached) tell("text");
    return reached;
  }
}

/** By the helper. */
async function watched(stream) {
  const seen = new Seen();
  stream.on("event", (event) => seen.note(event));
  const final = await stream.finalResponse();
  return { ...told(final), ...seen, output: final.output };
}

/** By hand: in the middle it cancels, or leaves and comes back, or (with `back` alone) comes back when it was cut off. */
async function byHand(client, asked, { cancel, leave, back }) {
  const seen = new Seen();
  let id, last;
  const read = async (stream) => {
    for await (const event of stream) {
      last = event;
      id ??= event.response.id;
      if (!seen.note(event)) continue;
      if (cancel) await client.responses.cancel(id);
      if (leave) break;
    }
  };
  try {
    await read(await client.responses.create({ ...asked, stream: true }));
  } catch (error) {
    if (!back) throw error;
  }
  const left = seen.numbers.length;
  const deadline = Date.now() + 60_000;
  while (back && !ENDS.includes(last.type) && Date.now() < deadline) {
    try {
      const stream = await client.responses.retrieve(id, { stream: true, starting_after: last.sequence_number });
      tell("back");
      await read(stream);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200)); // the service is being started again
    }
  }
  return { ...told(await client.responses.retrieve(id)), ...seen, left };
}

await scenario(async ({ url, user, input, create, retrieve, ...how }) => {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "any", defaultHeaders: { "X-User-Id": user }, maxRetries: 0 });
  if (retrieve) return Promise.all(retrieve.map((id) => watched(client.responses.stream({ response_id: id }))));
  const asked = { model: "task-agent", input, ...create };
  if (how.back || how.cancel) return byHand(client, asked, how);
  try {
    const seen = await watched(client.responses.stream(asked));
    return how.then ? watched(client.responses.stream({ ...asked, input: [...seen.output, { role: "user", content: how.then }] })) : seen;
  } catch (error) {
    if (!(error instanceof OpenAI.APIError)) throw error;
    return { refused: { status: error.status, code: error.code, param: error.param, type: error.type } };
  }
});
