// What every scenario shares: its arguments and the test's questions, one JSON line each on standard input, and JSON lines on
// standard output that the test reads (tests/wire/node.py).
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin, crlfDelay: Infinity })[Symbol.asyncIterator]();
const write = (line, done) => process.stdout.write(JSON.stringify(line) + "\n", done);

/** Tells the test something while the scenario goes on. */
export const tell = (seen, more = {}) => write({ seen, ...more });

/** Runs `scene(args)`, tells what it returns, and ends the process whatever is still open in it. */
export async function scenario(scene) {
  let line;
  try {
    line = { result: (await scene(JSON.parse((await lines.next()).value))) ?? null };
  } catch (error) {
    line = { error: String(error?.stack ?? error) };
  }
  write(line, () => process.exit(line.error ? 1 : 0));
}

/** Answers one question of the test after the other, until it has no more; an error is an answer, too. */
export async function answers(reply) {
  for await (const line of lines) {
    try {
      write({ answer: await reply(JSON.parse(line)) });
    } catch (error) {
      write({ answer: { error: String(error?.stack ?? error) } });
    }
  }
}

/** A promise and the function that keeps it. */
export function promised() {
  let keep;
  const promise = new Promise((resolve) => (keep = resolve));
  return [promise, keep];
}

/** Instead of the network: every request is answered with `body`, in pieces of these sizes, as a connection may bring them. */
export function answered(body, sizes) {
  const bytes = new TextEncoder().encode(body);
  const stream = new ReadableStream({
    start(controller) {
      for (let at = 0, n = 0; at < bytes.length; n++) controller.enqueue(bytes.slice(at, (at += sizes[n % sizes.length])));
      controller.close();
    },
  });
  return async () => new Response(stream, { headers: { "content-type": "text/event-stream" } });
}

/** Whether a text is long enough to be in the middle of: tests that wait for this hold its last word. */
export const begun = (text) => text.split(" ").length >= 3;
