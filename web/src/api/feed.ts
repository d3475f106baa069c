// The user's live feed, and what it tells about the connection. The feed is a hint: whoever listens refetches after a gap.
import { open } from "./http";
import { backoff, pause } from "./pause";
import { frames } from "./sse";
import type { FeedEvent } from "./types";
import { isHidden, onLongHidden, untilVisible } from "./visible";

export type Connection = "connecting" | "live" | "reconnecting" | "down";

const DOWN_AFTER = 4_000; // a restart of the service takes less in most cases, and then nobody needs to be told in capitals
const ANSWER_WITHIN = 5_000; // a process that is frozen takes connections and never answers

export class Feed {
  #state: Connection = "connecting";
  #listeners = new Set<() => void>();
  #connection = new AbortController();

  constructor(
    private readonly onEvent: (event: FeedEvent) => void,
    /** Called whenever the feed is live, and whether it was before: then anything may have happened meanwhile. */
    private readonly onLive: (again: boolean) => void,
  ) {}

  get state(): Connection {
    return this.#state;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  start(): void {
    onLongHidden(() => this.#connection.abort());
    window.addEventListener("offline", () => this.#connection.abort());
    void this.#run();
  }

  async #run(): Promise<void> {
    let failures = 0;
    let lostAt = Date.now();
    let lived = false;
    for (;;) {
      this.#connection = new AbortController();
      const signal = this.#connection.signal;
      try {
        const impatience = setTimeout(() => this.#connection.abort(), ANSWER_WITHIN);
        const response = await open("/events", { signal }).finally(() => clearTimeout(impatience));
        failures = 0;
        this.#set("live");
        this.onLive(lived);
        lived = true;
        for await (const data of frames(response, signal)) this.onEvent(JSON.parse(data) as FeedEvent);
      } catch {
        // told by the state below; the next attempt says more than this error
      }
      if (isHidden() && signal.aborted) await untilVisible();
      if (this.#state === "live") lostAt = Date.now();
      this.#set(Date.now() - lostAt > DOWN_AFTER ? "down" : this.#state === "connecting" ? "connecting" : "reconnecting");
      await pause(this.#state === "down" ? Math.min(backoff(failures++), 2_000) : backoff(failures++));
    }
  }

  #set(state: Connection): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
