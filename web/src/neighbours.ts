// Pages of one browser tell each other that a turn has begun. A hint: where the browser forbids it, the page does without.
const channel = opened();

function opened(): BroadcastChannel | null {
  try {
    return new BroadcastChannel("task-agent");
  } catch {
    return null; // see above
  }
}

export const tellNeighbours = (): void => channel?.postMessage("started");

export const onNeighbour = (told: () => void): void => channel?.addEventListener("message", told);
