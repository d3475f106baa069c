// One conversation as the page knows it. The server's history is the truth; one loop follows the answer that runs now, over
// every connection that breaks; messages wait here until the server has acknowledged them, and their ids make repeats harmless.
import { Problem, isMissing } from "../api/http";
import { backoff, pause } from "../api/pause";
import { persist } from "../api/persist";
import { isHidden, untilVisible } from "../api/visible";
import { Brush } from "./brush";
import { Delivery } from "./delivery";
import { isAsShown } from "./glance";
import { merge } from "./merge";
import { Order } from "./order";
import { catchingUp } from "./rejoined";
import { keepUnsent, keptUnsent } from "./unsent";
import { NOTHING, type Outgoing, type View, isRunning, isUnderWay } from "./view";
import { type Message, type Page, history, join, post, postAgain, read, stop } from "./wire";

export class Conversation {
  #view = NOTHING;
  #listeners = new Set<() => void>();
  #following = false;
  #lookAgain = false;
  #connection = new AbortController();
  #turn: string | null = null; // of the answer that is being read, which has no message before its first word
  #regenerating = false;
  #unseen: string | null = null; // why the last look failed, until one does not
  #pages = new Order();
  #delivery = new Delivery({
    next: () => this.#view.outgoing.find(({ state }) => state === "sending")?.message,
    send: async (message) => this.#admitted(message, await post(this.id, message)),
    refused: (message, why) => this.#change(message, { state: "failed", why: sentence(why) }),
  });

  constructor(
    private readonly id: string,
    /** Called when an answer has ended, and when this page has started one. */
    private readonly onChange: (what: "started" | "ended") => void,
  ) {
    this.#view = { ...NOTHING, outgoing: keptUnsent() };
    void this.#delivery.begin();
  }

  get view(): View {
    return this.#view;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  // --- what a person does ---------------------------------------------------------------------------------------------------

  send(text: string): void {
    const message: Message = { id: crypto.randomUUID(), role: "user", parts: [{ type: "text", text }] };
    this.#set({ outgoing: [...this.#view.outgoing, { message, state: "sending" }], problem: null });
    void this.#delivery.begin();
  }

  resend(outgoing: Outgoing): void {
    this.#change(outgoing.message, { state: "sending" });
    void this.#delivery.begin();
  }

  discard(outgoing: Outgoing): void {
    this.#set({ outgoing: this.#view.outgoing.filter((other) => other.message.id !== outgoing.message.id) });
  }

  /** Stops the answer that runs; `undo` takes back what its tools did. */
  async stop(effects: "keep" | "undo" = "keep"): Promise<void> {
    const answer = this.#view.live?.id ?? this.#view.messages.find(isRunning)?.metadata?.turn_id ?? this.#turn;
    if (!answer || this.#view.stopping) return;
    this.#set({ stopping: true });
    await this.#ask(() => stop(this.id, answer, effects), () => this.#isUnderWay(answer));
    if (!this.#following) this.look();
  }

  /** Takes a message back that waits. */
  async withdraw(answer: string): Promise<void> {
    await this.#ask(() => stop(this.id, answer), () => this.#isUnderWay(answer));
    await this.#refresh().catch(() => undefined);
  }

  async regenerate(question: Message, answer: string): Promise<void> {
    if (this.#regenerating) return;
    this.#regenerating = true;
    this.#set({ problem: null });
    await this.#ask(async () => this.#answerOf(await postAgain(this.id, question, answer)));
    this.#regenerating = false;
  }

  async loadOlder(): Promise<void> {
    const before = this.#view.older;
    if (before === null || this.#view.loadingOlder) return;
    this.#set({ loadingOlder: true });
    await this.#ask(async () => {
      const page = await history(this.id, before);
      // What the page leads up to may have been forgotten meanwhile: cleared, or there was a gap.
      if (this.#view.older === before) this.#set({ messages: [...page.messages, ...this.#view.messages], older: page.next });
    });
    this.#set({ loadingOlder: false });
  }

  // --- what keeps it true ---------------------------------------------------------------------------------------------------

  /** Looks whether an answer runs that this page does not follow, and follows it. Any number of times. */
  look(): void {
    if (this.#following) this.#lookAgain = true;
    else void this.#follow(null);
  }

  /** The same when there is no reason to: what is shown is loaded again only if it is not what is stored. */
  glance(): void {
    if (!this.#following) void this.#follow(null, true);
  }

  /** Whether this page has to do with that turn anyway: it reads it, has it, or is just sending a message. */
  knows(turn: string): boolean {
    const { messages, outgoing } = this.#view;
    return (
      turn === this.#turn || outgoing.some((o) => o.state === "sending" || o.turn === turn) || messages.some((m) => m.id === turn)
    );
  }

  /** Gives the answer's connection back. It is joined again when somebody looks. */
  leave(): void {
    this.#connection.abort();
  }

  /** What was open is not to be trusted: after a sleep, or when the service was gone. */
  reconnect(): void {
    this.#set({ problem: null }); // whatever did not work then
    this.#connection.abort();
    this.look();
  }

  /** Its answer is not waited for. */
  #admitted(message: Message, response: Response): void {
    this.#change(message, { state: "sent", turn: response.headers.get("X-Turn-Id") });
    this.#answerOf(response);
  }

  #answerOf(response: Response): void {
    this.onChange("started");
    if (!this.#following && !isHidden()) {
      void this.#follow(response);
      return;
    }
    // It waits behind the answer that is being read, or nobody looks; it is joined then. Leaving its stream cancels nothing.
    void response.body?.cancel();
    this.look();
    void this.#refresh().catch(() => undefined);
  }

  async #follow(given: Response | null, glances = false): Promise<void> {
    this.#following = true;
    let response = given;
    let lost: string | null = null; // the answer that was being read, running or ended since; known to all replicas at once
    for (let failures = 0; ; glances = false) {
      if (response === null) await untilVisible();
      glances &&= !this.#lookAgain; // who has looked meanwhile had a reason to
      this.#lookAgain = false;
      this.#connection = new AbortController();
      const { signal } = this.#connection;
      try {
        response ??= await join(this.id, signal, lost);
        if (response === null) {
          if (!glances || !(await isAsShown(this.id, this.#view))) await this.#refresh(true);
          if (this.#lookAgain) continue;
          this.#seen();
          break;
        }
        await this.#read(response, signal, response === given);
        failures = 0;
        lost = null;
      } catch (error) {
        if (this.#lookAgain) {
          response = null;
          continue;
        }
        if (lost === null) lost = this.#view.live?.id ?? null;
        else if (isMissing(error)) {
          lost = response = null; // cleared meanwhile
          continue;
        }
        if (error instanceof Problem && !error.passing) {
          this.#set({ problem: (this.#unseen = error.message) });
          await this.#refresh(true).catch(() => this.#set({ live: null })); // nobody reads it on: it must not seem to grow
          break;
        }
        this.#set({ reconnecting: this.#view.running && !isHidden() });
        await pause(backoff(failures++), signal);
      }
      response = null;
    }
    this.#following = false;
    this.#turn = null;
    this.#set({ running: this.#view.messages.some(isRunning), reconnecting: false, stopping: false, loaded: true });
  }

  /** Shows one answer to its end, and then what the server says it came to. */
  async #read(response: Response, signal: AbortSignal, isNew: boolean): Promise<void> {
    this.#set({ running: true, reconnecting: false });
    this.#seen();
    const turn = (this.#turn = response.headers.get("X-Turn-Id"));
    // The question may be another page's; and what this page has just sent may wait behind an answer that it did not know of.
    void this.#refresh().then(() => this.#waits(turn) && this.reconnect(), () => undefined);
    const brush = new Brush<Message>((live) => this.#set({ live }), isNew);
    const isThere = catchingUp(this.#view.live);
    try {
      await read(response, (message) => brush.paint(message, isThere(message)), signal);
      brush.flush();
    } finally {
      brush.drop();
    }
    await this.#refresh(true);
    this.#turn = null;
    this.#set({ stopping: false });
    this.onChange("ended");
  }

  /** A look has worked: that one did not is no problem any more. What a person asked for may be one still. */
  #seen(): void {
    if (this.#unseen !== null && this.#unseen === this.#view.problem) this.#set({ problem: null });
    this.#unseen = null;
  }

  #waits(turn: string | null): boolean {
    return this.#view.messages.some((message) => message.id === turn && message.metadata?.status === "queued");
  }

  /** Takes over what the server has stored; once `settled`, what was live is part of it. */
  async #refresh(settled = false): Promise<void> {
    await this.#delivery.known(); // or the page has a message that seems to be still on its way
    // Of what was acknowledged before, the page tells; and of a message that has got another answer since, under that one's turn.
    const told = this.#view.outgoing.filter(({ state }) => state === "sent");
    const page = await this.#pages.newest(() => history(this.id));
    if (page === null) {
      if (settled) this.#set({ live: null }); // the newer page has it: that was asked for later still
      return;
    }
    const messages = merge(this.#view.messages, page.messages, this.#view.live);
    const isOlderKnown = messages.length > page.messages.length;
    this.#set({
      loaded: true,
      messages,
      older: isOlderKnown ? this.#view.older : page.next,
      outgoing: this.#view.outgoing.filter((outgoing) => !told.includes(outgoing) && !isIn(page, outgoing)),
      ...(settled ? { live: null } : {}),
    });
  }

  #isUnderWay(answer: string): boolean {
    const isIt = (message: Message) => message.metadata?.turn_id === answer && isUnderWay(message);
    return answer === this.#turn || answer === this.#view.live?.id || this.#view.messages.some(isIt);
  }

  /** Until the service has answered, or nobody wants it any more: nothing that a person asks for here does harm when it is repeated. */
  async #ask(work: () => Promise<unknown>, isWanted = () => true): Promise<void> {
    const failed = (error: unknown) => this.#set({ problem: sentence(error), stopping: false });
    await persist(work, isWanted).then(() => this.#set({ problem: null }), failed);
  }

  #change({ id }: Message, to: Partial<Outgoing>): void {
    this.#set({ outgoing: this.#view.outgoing.map((other) => (other.message.id === id ? { ...other, ...to } : other)) });
  }

  #set(change: Partial<View>): void {
    this.#view = { ...this.#view, ...change };
    for (const listener of this.#listeners) listener();
    if (change.outgoing) keepUnsent(change.outgoing);
  }
}

const isIn = (page: Page, outgoing: Outgoing): boolean =>
  outgoing.turn !== undefined && page.messages.some((message) => message.metadata?.turn_id === outgoing.turn);

const sentence = (error: unknown): string => (error instanceof Error ? error.message : String(error));
