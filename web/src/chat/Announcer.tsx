// For screen readers: that an answer comes, each answer once it is whole, that a message waits, and that the connection was lost.
// A text that grows word by word is unbearable to hear.
import { useEffect, useRef, useState } from "react";
import { TEXTS } from "../texts";
import { beingGiven, ended, queued, waiting } from "./announce";
import type { View } from "./view";

export function Announcer({ running, reconnecting, messages, live }: Pick<View, "running" | "reconnecting" | "messages" | "live">) {
  const [said, setSaid] = useState({ text: "", nth: 0 });
  const awaited = useRef(new Set<string>());
  const tell = (text: string) => setSaid(({ nth }) => ({ text, nth: nth + 1 }));
  useEffect(() => {
    if (running) tell(TEXTS.chat.answering); // not again for one that waited: it would cut off the answer before it
  }, [running]);
  useEffect(() => {
    if (reconnecting) tell(TEXTS.chat.reconnecting);
  }, [reconnecting]);
  const queue = waiting(messages);
  const before = useRef(0);
  useEffect(() => {
    if (queue > before.current) tell(queued(queue));
    before.current = queue;
  }, [queue]);
  useEffect(() => {
    const over = ended(awaited.current, messages, live);
    for (const id of over.keys()) awaited.current.delete(id);
    for (const id of beingGiven(messages, live)) awaited.current.add(id);
    if (over.size > 0) tell([...over.values()].join("\n"));
  }, [messages, live]);
  return (
    <p className="hidden" role="status" aria-live="polite">
      <span key={said.nth}>{said.text}</span>
    </p>
  );
}
