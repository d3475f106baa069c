// The user's live feed, and what it tells about the connection. The feed is a hint: whoever listens refetches after a gap.
import { open } from "./http";
import { backoff, pause } from "./pause";
import { race } from "./race";
import { Silence, frames } from "./sse";
import type { FeedEvent } from "./types";
import { isHidden, onLongHidden, untilVisible } from "./visible";

export type Connection = "connecting" | "live" | "reconnecting" | "down";

const DOWN_AFTER = 4_000; // a restart of the service takes less in most cases, and then nobody needs to be told in capitals
const ANSWER_WITHIN = 5_000; // a process that is frozen takes connections and never answers
const BESIDE_AFTER = 1_000; // five attempts until then, for the five connections that the browser may keep beside the feed's own
const STEADY = 5_000; // what is closed sooner again was no success; all is loaded anew with each, so the pauses go on growing

export class Feed {
  #state: Connection = "connecting";
  #listeners = new Set<() => void>();
  #connection = new AbortController();
  #doubt = true; // whether the browser may keep connections that died without a sign; it does so over a reload, too

  constructor(
    private readonly onEvent: (event: FeedEvent) => void,
    /** Called whenever the feed is live, and whether it was tried before: then anything may have happened meanwhile. */
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
    for (let again = false; ; again = true) {
      const lived = await this.#follow(again);
      if (lived !== null && lived >= STEADY) failures = 0;
      await this.#untilWanted();
      if (lived !== null) lostAt = Date.now();
      this.#set(Date.now() - lostAt > DOWN_AFTER ? "down" : this.#state === "connecting" ? "connecting" : "reconnecting");
      await pause(this.#state === "down" ? Math.min(backoff(failures++), 2_000) : backoff(failures++));
      await this.#untilWanted(); // the page may have been left in this pause, when there was nothing to give back
    }
  }

  /** One connection to its end: for how long it was live, or null when it never was. */
  async #follow(again: boolean): Promise<number | null> {
    const connection = (this.#connection = new AbortController());
    let liveAt: number | null = null;
    try {
      const response = await this.#opened(connection);
      liveAt = Date.now();
      this.#doubt = false;
      this.#set("live");
      this.onLive(again);
      for await (const data of frames(response, connection.signal)) this.onEvent(JSON.parse(data) as FeedEvent);
    } catch (error) {
      // What ends or breaks does so over a line that works. All else is told by the state, and by the next attempt.
      if (error instanceof Silence) this.#doubt = true;
    }
    return liveAt === null ? null : Date.now() - liveAt;
  }

  /** The open feed. In doubt, attempts are made beside each other; once, for when all were silent the browser keeps none. */
  async #opened(connection: AbortController): Promise<Response> {
    const { signal } = connection;
    const impatience = setTimeout(() => {
      this.#doubt = false;
      connection.abort();
    }, ANSWER_WITHIN);
    const opened = this.#doubt ? race("/events", signal, BESIDE_AFTER) : open("/events", { signal });
    return opened.finally(() => clearTimeout(impatience));
  }

  /** A page that has given its connection back takes none until somebody looks. */
  async #untilWanted(): Promise<void> {
    if (isHidden() && this.#connection.signal.aborted) await untilVisible();
  }

  #set(state: Connection): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
