// In which order the conversation is shown: history, with the answer that grows in its place, then what waits to be in it. Pure.
import { type Outgoing, type View, isUnderWay } from "./view";
import type { Message } from "./wire";

export type Item =
  | { kind: "question"; message: Message; ahead: number }
  | { kind: "answer"; message: Message; question: Message | undefined; growing: boolean }
  | { kind: "outgoing"; outgoing: Outgoing };

export function arrange({ messages, live, outgoing }: Pick<View, "messages" | "live" | "outgoing">): Item[] {
  const items: Item[] = [];
  let placed = live === null;
  let ahead = 0; // answers that come before that of a message which waits
  const place = (question: Message | undefined) => {
    if (live !== null) items.push({ kind: "answer", message: live, question, growing: true });
    placed = true;
  };
  messages.forEach((message, index) => {
    if (message.role === "user") {
      items.push({ kind: "question", message, ahead });
      if (isUnderWay(message)) ahead += 1;
    }
    else if (message.id === live?.id) place(messages[index - 1]);
    else if (message.metadata?.status !== "queued") {
      items.push({ kind: "answer", message, question: messages[index - 1], growing: message.metadata?.status === "running" });
    }
  });
  for (const one of outgoing) {
    items.push({ kind: "outgoing", outgoing: one });
    if (!placed && one.turn === live?.id) place(one.message);
  }
  if (!placed) place(undefined);
  return items;
}
