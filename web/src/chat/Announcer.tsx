// For screen readers: that an answer comes, and the answer once it is whole. A text that grows word by word is unbearable to hear.
import type { UIMessage } from "ai";
import { useEffect, useRef, useState } from "react";
import { TEXTS } from "../texts";
import { textOf } from "./parts";

export function Announcer({ running, last }: { running: boolean; last: UIMessage | undefined }) {
  const [said, setSaid] = useState("");
  const wasRunning = useRef(false);
  useEffect(() => {
    if (running && !wasRunning.current) setSaid(TEXTS.chat.answering);
    if (!running && wasRunning.current) {
      setSaid(last?.role === "assistant" ? `${TEXTS.chat.answered}: ${textOf(last)}` : TEXTS.chat.answered);
    }
    wasRunning.current = running;
  }, [running, last]);
  return (
    <p className="hidden" role="status" aria-live="polite">
      {said}
    </p>
  );
}
