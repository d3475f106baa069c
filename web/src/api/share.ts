// Of the pages of one browser, one follows the feed for all and tells the others: a browser has six connections per host, and each
// page that shows an answer needs one besides. Web Locks choose it, and the next one when it is closed or nobody looks at it.
import type { Connection } from "./feed";
import type { FeedEvent } from "./types";
import { isHidden, onLongHidden } from "./visible";

/** What the page that follows tells: an event, or how its connection is; with `gap`, that events may have been lost before. */
export type Told = { event: FeedEvent } | { state: Connection; gap: boolean };

const NAME = "task-agent.feed";
const ASKED = "asked"; // how its connection is
const ASK_EVERY = 10_000; // ms, when nothing is told
const TOLD_WITHIN = 5_000; // one that does not say may be frozen: then each page that asks follows for itself

export class Share {
  #channel = new BroadcastChannel(NAME);
  #follows = false;
  #isDeaf = false; // while nobody has looked for long
  #missed = false; // what was told meanwhile; made good with the next word that all is well
  #giveBack = (): void => undefined;
  #leaveLine = (): void => undefined;
  #wasTold = (): void => undefined;

  /** `hear` gets what another page tells; `state` is asked when this one follows and another wants to know. */
  listen(hear: (told: Told) => void, state: () => Connection): void {
    this.#channel.addEventListener("message", ({ data }: MessageEvent<Told | typeof ASKED>) => {
      if (data === ASKED) {
        this.tell({ state: state(), gap: false });
        return;
      }
      this.#wasTold();
      if (this.#follows || this.#isDeaf) return;
      hear("state" in data ? { ...data, gap: data.gap || this.#missed } : data);
      if ("state" in data && data.state === "live") this.#missed = false;
    });
    onLongHidden(() => {
      this.#isDeaf = this.#missed = true;
      this.#leaveLine();
    });
    document.addEventListener("visibilitychange", () => void (this.#isDeaf &&= isHidden()));
  }

  /** Tells the other pages, when this one follows. */
  tell(told: Told): void {
    if (this.#follows) this.#channel.postMessage(told);
  }

  /** True once it is on this page to follow; false when nobody has looked at it for long meanwhile. */
  taken(): Promise<boolean> {
    return new Promise((resolve) => {
      const line = new AbortController();
      let isLeft = false;
      const settle = (follows: boolean) => {
        clearTimeout(timer);
        this.#wasTold = () => undefined;
        resolve((this.#follows = follows));
      };
      const ask = () => {
        this.#channel.postMessage(ASKED);
        return setTimeout(() => line.abort(), TOLD_WITHIN);
      };
      let timer = ask();
      this.#wasTold = () => {
        clearTimeout(timer);
        timer = setTimeout(() => (timer = ask()), ASK_EVERY);
      };
      this.#leaveLine = () => {
        isLeft = true;
        line.abort();
      };
      const follow = () => {
        settle(true);
        return new Promise<void>((give) => (this.#giveBack = give));
      };
      navigator.locks.request(NAME, { signal: line.signal }, follow).catch(() => settle(!isLeft));
    });
  }

  /** It is on another page to follow. */
  give(): void {
    this.#follows = false;
    this.#giveBack();
  }
}

/** None where the browser has no locks, as for an address that it does not trust, or forbids channels: each page follows for itself. */
export function sharing(): Share | null {
  try {
    return globalThis.navigator?.locks ? new Share() : null;
  } catch {
    return null; // see above
  }
}
