// The user's live feed, and what it tells about the connection. The feed is a hint: whoever listens refetches after a gap. Of the
// pages of one browser that share it, only one has a connection for it.
import { open } from "./http";
import { backoff, pause } from "./pause";
import { race } from "./race";
import type { Share, Told } from "./share";
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
  #isOurs = false; // to follow it is on this page, and not on another one for all
  #again = false; // it was followed before, here or there: then anything may have happened meanwhile
  #lostAt = 0;
  #doubt = true; // whether the browser may keep connections that died without a sign; it does so over a reload, too

  constructor(
    private readonly onEvent: (event: FeedEvent) => void,
    /** Called whenever the feed is live, and whether it was tried before: then anything may have happened meanwhile. */
    private readonly onLive: (again: boolean) => void,
    private readonly share: Share | null = null,
  ) {}

  get state(): Connection {
    return this.#state;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  start(): void {
    this.share?.listen((told) => this.#hear(told), () => this.#state);
    onLongHidden(() => this.#connection.abort());
    window.addEventListener("offline", () => this.#connection.abort());
    void this.#run();
  }

  async #run(): Promise<void> {
    let failures = 0;
    this.#again = isHidden();
    for (;;) {
      await this.#untilOurs();
      const lived = await this.#follow();
      this.#again = true;
      if (lived !== null && lived >= STEADY) failures = 0;
      await this.#untilWanted();
      if (lived !== null) this.#lostAt = Date.now();
      this.#set(Date.now() - this.#lostAt > DOWN_AFTER ? "down" : this.#state === "connecting" ? "connecting" : "reconnecting");
      await pause(this.#state === "down" ? Math.min(backoff(failures++), 2_000) : backoff(failures++));
      await this.#untilWanted(); // the page may have been left in this pause, when there was nothing to give back
    }
  }

  #hear(told: Told): void {
    if ("event" in told) return this.onEvent(told.event);
    this.#again = true;
    this.#set(told.state);
    if (told.state === "live" && told.gap) this.onLive(true);
  }

  /** One connection to its end: for how long it was live, or null when it never was. */
  async #follow(): Promise<number | null> {
    const connection = (this.#connection = new AbortController());
    let liveAt: number | null = null;
    try {
      const response = await this.#opened(connection);
      liveAt = Date.now();
      this.#doubt = false;
      this.#set("live");
      this.share?.tell({ state: "live", gap: true });
      this.onLive(this.#again);
      for await (const data of frames(response, connection.signal)) this.#tell(JSON.parse(data) as FeedEvent);
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

  #tell(event: FeedEvent): void {
    this.share?.tell({ event });
    this.onEvent(event);
  }

  async #untilOurs(): Promise<void> {
    while (!this.#isOurs) {
      await untilVisible();
      this.#isOurs = this.share === null || (await this.share.taken());
      if (this.#state === "live" || this.#state === "connecting") this.#lostAt = Date.now(); // not before, by all that was told
    }
  }

  /** A page that has given its connection back takes none until somebody looks. */
  async #untilWanted(): Promise<void> {
    if (!isHidden() || !this.#connection.signal.aborted) return;
    this.#isOurs = false;
    this.share?.give();
    await untilVisible();
  }

  #set(state: Connection): void {
    if (state === this.#state) return;
    this.#state = state;
    this.share?.tell({ state, gap: false });
    for (const listener of this.#listeners) listener();
  }
}
