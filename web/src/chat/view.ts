// What there is to see of a conversation.
import type { Message } from "./wire";

/** A message of this page that history does not show yet; it has a turn once the server has it. */
export interface Outgoing {
  message: Message;
  state: "sending" | "sent" | "failed";
  turn?: string | null;
  why?: string;
}

export interface View {
  loaded: boolean;
  /** Oldest first. The answer that runs is among them, as `live` says; those of messages that wait are empty. */
  messages: Message[];
  older: number | null;
  loadingOlder: boolean;
  live: Message | null;
  outgoing: Outgoing[];
  /** An answer is being given, whether or not this page can follow it. */
  running: boolean;
  stopping: boolean;
  reconnecting: boolean;
  problem: string | null;
}

export const NOTHING: View = {
  loaded: false,
  messages: [],
  older: null,
  loadingOlder: false,
  live: null,
  outgoing: [],
  running: false,
  stopping: false,
  reconnecting: false,
  problem: null,
};

export const isRunning = ({ metadata }: Message): boolean => metadata?.status === "running";

export const isUnderWay = (message: Message): boolean => isRunning(message) || message.metadata?.status === "queued";
