// What was said here, on its way to the service: one message after the other, since those under way together could be admitted in
// another order than they were said. Each is sent until the service has acknowledged or refused it, or nobody wants it any more.
import { isPassing } from "../api/http";
import { backoff, pause } from "../api/pause";
import type { Message } from "./wire";

const PATIENCE = 1_000; // ms: an attempt that has no answer by then may have none for long

interface Sender {
  /** The first message that is still to be sent. */
  next(): Message | undefined;
  /** Done once it is acknowledged: then it is not the next one any more. */
  send(message: Message): Promise<void>;
  refused(message: Message, why: unknown): void;
}

export class Delivery {
  #goesOn = false;
  #resting = new AbortController();
  #waiting: (() => void)[] = []; // for the end of an attempt

  constructor(private readonly sender: Sender) {}

  /** Any number of times. */
  async begin(): Promise<void> {
    if (this.#goesOn) return;
    this.#goesOn = true;
    try {
      for (let next = this.sender.next(); next; next = this.sender.next()) await this.#deliver(next);
    } finally {
      this.#goesOn = false;
      this.#told();
    }
  }

  /**
   * Waits, not for long, until it is known whether the service has what is under way: the answer to an attempt may be lost, and
   * only another one, which is then made at once, tells.
   */
  async known(): Promise<void> {
    if (!this.#goesOn) return;
    const told = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#resting.abort();
    await Promise.race([told, pause(PATIENCE)]);
  }

  async #deliver(message: Message): Promise<void> {
    for (let attempt = 0; this.sender.next()?.id === message.id; attempt++) {
      try {
        await this.sender.send(message);
      } catch (error) {
        if (isPassing(error)) await this.#rest(attempt);
        else this.sender.refused(message, error);
      }
    }
  }

  async #rest(attempt: number): Promise<void> {
    this.#told(); // that it is not to be known now
    this.#resting = new AbortController();
    await pause(backoff(attempt), this.#resting.signal);
  }

  #told(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
