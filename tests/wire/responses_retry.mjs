// The openai package for Node as its users make it, with the retries that it makes by itself; the test cuts its connection.
import OpenAI from "openai";
import { scenario } from "./scenario.mjs";

await scenario(async ({ url, user, input, keyed }) => {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "any", defaultHeaders: { "X-User-Id": user } });
  const recipe = keyed ? { headers: { "Idempotency-Key": crypto.randomUUID() } } : {};
  return (await client.responses.create({ input }, recipe)).output_text;
});
