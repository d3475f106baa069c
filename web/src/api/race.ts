// Several attempts at one call, for after a silence. What died without a sign the browser keeps like any other connection, up to
// six per host, and puts an attempt on one of those while there are any: nothing comes, and giving up closes just that one.
import { open } from "./http";

/**
 * What comes of the first attempt of which anything comes, be it a refusal. While all are silent another one is begun every `every`
 * ms, beside them: they may only be slow, and each keeps its connection from the next. In the end the others are given up, and so
 * are their connections.
 */
export async function race(path: string, signal: AbortSignal, every: number): Promise<Response> {
  const attempts: AbortController[] = [];
  let timer: ReturnType<typeof setInterval> | undefined;
  try {
    const [response, first] = await new Promise<[Response, AbortController]>((resolve, reject) => {
      const begin = () => {
        const attempt = new AbortController();
        attempts.push(attempt);
        const both = AbortSignal.any([signal, attempt.signal]);
        open(path, { signal: both }).then((answer) => resolve([answer, attempt]), reject);
      };
      begin();
      timer = setInterval(begin, every);
    });
    attempts.splice(attempts.indexOf(first), 1);
    return response;
  } finally {
    clearInterval(timer);
    for (const attempt of attempts) attempt.abort();
  }
}
