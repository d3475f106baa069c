// Whether anybody looks at the page. A browser has six connections per host: pages nobody looks at give theirs back.

const HIDDEN_AFTER = 30_000; // who comes back sooner finds everything as it was

export const isHidden = (): boolean => document.visibilityState === "hidden";

/** Calls `leave` whenever nobody has looked for a while; a page may also be opened out of sight, as a tab behind another. */
export function onLongHidden(leave: () => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    clearTimeout(timer);
    if (isHidden()) timer = setTimeout(leave, HIDDEN_AFTER);
  };
  document.addEventListener("visibilitychange", look);
  look();
}

/** Resolves when somebody looks; at once when somebody does. */
export function untilVisible(): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (isHidden()) return;
      document.removeEventListener("visibilitychange", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
    look();
  });
}
