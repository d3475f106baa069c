// The AI SDK's UI message stream, as the service speaks it: one answer read to its end, whatever connection it came over.
import { type UIMessage, type UIMessageChunk, readUIMessageStream } from "ai";
import { Unreachable, answered, call } from "../api/http";
import { frames } from "../api/sse";
import { TEXTS } from "../texts";

/** What a message says of its turn. An assistant message has the turn's id. */
export interface Told {
  turn_id: string;
  status: "queued" | "running" | "completed" | "failed" | "cancelled";
  error?: { code: string; message: string; retryable: boolean };
  undo_ordered?: string[];
  /** The former answer to the same message, when this is another one. */
  regenerates?: string;
  /** How many former ones there are. */
  alternatives?: number;
}

export type Message = UIMessage<Told>;

export interface Page {
  messages: Message[];
  /** Leads to the page of older ones. */
  next: number | null;
}

const at = (conversation: string, path: string) => `/api/chat/${encodeURIComponent(conversation)}${path}`;

/** Messages as the server has stored them, newest turns last, under the ids that the stream gives them. */
export const history = (conversation: string, before: number | null = null) =>
  call<Page>(at(conversation, `/messages${before === null ? "" : `?before=${before}`}`));

/** The newest turn alone. */
export const newest = (conversation: string) => call<Page>(at(conversation, "/messages?limit=1"));

/** The open stream of the answer to a new message; its id makes a repeat harmless. */
export const post = (conversation: string, message: Message) =>
  answered("/api/chat", { method: "POST", body: { id: conversation, messages: [message], trigger: "submit-message" } });

/** The open stream of another answer to the question that `answer` answers. */
export const postAgain = (conversation: string, question: Message, answer: string) =>
  answered("/api/chat", {
    method: "POST",
    body: { id: conversation, messages: [question], trigger: "regenerate-message", messageId: answer },
  });

/** The running answer from its start; null when nothing runs. Or that `answer`, running or ended, for who was cut off in it. */
export async function join(conversation: string, signal: AbortSignal, answer: string | null): Promise<Response | null> {
  const path = at(conversation, `/stream${answer ? `?message_id=${encodeURIComponent(answer)}` : ""}`);
  const response = await answered(path, { signal });
  return response.status === 204 ? null : response;
}

/** Stops that answer, running or waiting; with `undo` what its tools did is taken back. */
export const stop = (conversation: string, answer: string, effects: "keep" | "undo" = "keep") =>
  call<unknown>(at(conversation, "/stop"), { method: "POST", body: { message_id: answer, effects } });

/**
 * Reads one answer; `show` gets the message as it grows. A connection that breaks, falls silent, or ends before the answer
 * does, throws Unreachable: the answer goes on without us, and can be joined again.
 */
export async function read(response: Response, show: (message: Message) => void, signal: AbortSignal): Promise<void> {
  let ended = false;
  let lost: unknown = new Unreachable(TEXTS.network.cut);
  const chunks = new ReadableStream<UIMessageChunk>({
    async start(controller) {
      try {
        for await (const data of frames(response, signal)) {
          if (data === "[DONE]") break;
          const chunk = JSON.parse(data) as UIMessageChunk;
          ended ||= chunk.type === "finish" || chunk.type === "abort" || chunk.type === "error";
          controller.enqueue(chunk);
        }
      } catch (error) {
        lost = error;
      }
      controller.close();
    },
  });
  for await (const message of readUIMessageStream<Message>({ stream: chunks })) show(message);
  if (!ended) throw lost;
}
