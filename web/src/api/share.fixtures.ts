// The other pages of the browser in the hands of a test: what they tell and hear, and who of them all follows.
import { vi } from "vitest";
import type { Told } from "./share";

type Work = () => Promise<unknown>;

/** A place for one at a time, and a line for it that one can leave: as Web Locks are. */
class Place {
  #line: (() => void)[] = [];
  #isTaken = false;

  request(_name: string, { signal }: { signal: AbortSignal }, work: Work): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = () => {
        this.#isTaken = true;
        void work().then(() => {
          this.#isTaken = false;
          resolve();
          this.#line.shift()?.();
        });
      };
      if (!this.#isTaken) return enter();
      this.#line.push(enter);
      signal.addEventListener("abort", () => {
        this.#line = this.#line.filter((other) => other !== enter);
        reject(signal.reason as Error);
      });
    });
  }
}

/** Every page hears what any other one posts, but not itself. */
class Channel extends EventTarget {
  static all = new Set<Channel>();

  constructor() {
    super();
    Channel.all.add(this);
  }

  postMessage(data: unknown): void {
    const others = [...Channel.all].filter((other) => other !== this);
    queueMicrotask(() => others.forEach((other) => other.dispatchEvent(new MessageEvent("message", { data }))));
  }
}

/** Until the test takes back its globals. Another page follows until it is told to `leave`; it says `live` when it is asked. */
export function anotherFollows() {
  Channel.all.clear();
  const place = new Place();
  vi.stubGlobal("navigator", { locks: place });
  vi.stubGlobal("BroadcastChannel", Channel);
  let leave!: () => void;
  void place.request("", { signal: new AbortController().signal }, () => new Promise<void>((left) => (leave = left)));
  const channel = new Channel();
  const other = { leave, isFrozen: false, tell: async (told: Told) => channel.postMessage(told), follows: vi.fn() };
  channel.addEventListener("message", ({ data }: MessageEventInit) => {
    if (data === "asked" && !other.isFrozen) void other.tell({ state: "live", gap: false });
  });
  /** Stands in line again, and follows as soon as the place is free. */
  const comeBack = () => place.request("", { signal: new AbortController().signal }, async () => other.follows());
  return { ...other, freeze: () => (other.isFrozen = true), comeBack };
}
