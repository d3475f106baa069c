// Waiting between attempts. A pause ends early when the network comes back or the page is looked at again.

/** Resolves after `ms`, or at `online`, or when the page becomes visible, or at `signal`. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      document.removeEventListener("visibilitychange", seen);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const seen = () => document.visibilityState === "visible" && done();
    const timer = setTimeout(done, ms);
    window.addEventListener("online", done);
    document.addEventListener("visibilitychange", seen);
    signal?.addEventListener("abort", done);
  });
}

/** How long before attempt `n` (from 0): 0.3 s, doubled each time, 4 s at most. */
export const backoff = (n: number): number => Math.min(300 * 2 ** n, 4_000);
