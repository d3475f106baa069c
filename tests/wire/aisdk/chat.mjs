// The AI SDK's own chat class and transport, unmodified, with the smallest state that the class asks for.
import { AbstractChat, DefaultChatTransport } from "ai";

class State {
  status = "ready";
  error = undefined;
  messages = [];
  pushMessage = (message) => (this.messages = [...this.messages, message]);
  popMessage = () => (this.messages = this.messages.slice(0, -1));
  replaceMessage = (index, message) => (this.messages = this.messages.with(index, this.snapshot(message)));
  snapshot = (value) => structuredClone(value);
}

export class Chat extends AbstractChat {
  /** `onText(length)` hears how much text an answer has; `outcome.seen` gathers data parts, the transient ones too. */
  constructor({ url, user, conversation = "main", onText = () => {}, ...options }) {
    const state = new State();
    const seen = [];
    const transport = new DefaultChatTransport({ api: `${url}/api/chat`, headers: { "X-User-Id": user }, ...options });
    super({ id: conversation, state, transport, onData: ({ type, data }) => seen.push({ type, data }) });
    Object.assign(this, { seen, url, user });
    const replace = state.replaceMessage;
    state.replaceMessage = (index, message) => {
      replace(index, message);
      onText(textOf(message).length);
    };
  }

  get outcome() {
    return { messages: this.messages, status: this.status, error: this.error?.message ?? null, seen: this.seen };
  }

  async fetch(path, init = {}) {
    const answer = await fetch(`${this.url}/api/chat/${this.id}${path}`, { headers: { "X-User-Id": this.user }, ...init });
    return answer.json();
  }

  stopOnServer = () => this.fetch("/stop", { method: "POST" });
  stored = async () => (await this.fetch("/messages")).messages;
}

export const textOf = (message) => message.parts.map((part) => (part.type === "text" ? part.text : "")).join("");

/** A fetch whose first answer loses its connection at `cut`; later ones are left alone. */
export function fragile(cut) {
  const gone = new AbortController();
  cut.then(() => gone.abort(new TypeError("network error")));
  return (url, init) => fetch(url, gone.signal.aborted ? init : { ...init, signal: gone.signal });
}
