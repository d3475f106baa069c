// Server-sent events over fetch. The browser's own EventSource hides the pings, and so cannot tell a quiet stream from a
// dead connection (a laptop that slept, a network that changed).
import { createParser } from "eventsource-parser";
import { PING_INTERVAL } from "../limits";
import { TEXTS } from "../texts";
import { Unreachable } from "./http";

const T = TEXTS.network;

const SILENCE_MAX = 2.5 * PING_INTERVAL * 1_000; // ms

/** Nothing came for too long, or we have left: nobody knows whether the connection is dead. */
export class Silence extends Unreachable {}

/** The data of each frame of `response` until its body ends; throws Unreachable when the connection breaks, or Silence. */
export async function* frames(response: Response, signal?: AbortSignal): AsyncGenerator<string> {
  if (!response.body) return;
  const reader = response.body.getReader();
  const ready: string[] = [];
  const decoder = new TextDecoder();
  const parser = createParser({ onEvent: ({ data }) => ready.push(data) });
  try {
    for (;;) {
      const chunk = await withinSilence(reader.read(), signal);
      if (chunk.done) return;
      parser.feed(decoder.decode(chunk.value, { stream: true }));
      while (ready.length > 0) yield ready.shift() as string;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

function withinSilence<T>(read: Promise<T>, signal?: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Silence(T.silent)), SILENCE_MAX);
    const cut = () => reject(new Silence(T.left));
    signal?.addEventListener("abort", cut, { once: true });
    if (signal?.aborted) cut(); // while what came before was looked at; nobody tells of it again
    read
      .then(resolve, (error: unknown) => reject(new Unreachable(T.lost, { cause: error })))
      .finally(() => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", cut);
      });
  });
}
