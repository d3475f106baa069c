// One message: what the person said, or what the agent answered, in the order it came: words, tool calls, words.
import type { UIMessage } from "ai";
import { type ReactNode, memo } from "react";
import { TEXTS } from "../texts";
import { Outcome } from "./Outcome";
import { Prose } from "./Prose";
import { ToolCard } from "./ToolCard";
import type { Conversation } from "./conversation";
import { isTool, textOf } from "./parts";
import type { Message } from "./wire";

export const UserMessage = memo(({ message, children }: { message: UIMessage; children?: ReactNode }) => (
  <article className="message user" aria-label={TEXTS.chat.you}>
    <div className="bubble" dir="auto">
      {textOf(message)}
    </div>
    {children}
  </article>
));

interface Answer {
  message: Message;
  question: Message | undefined;
  growing: boolean;
  /** Nothing has come behind it. */
  newest: boolean;
  conversation: Conversation;
  onTask: (id: string) => void;
}

/** Takes no children, which would be others each time: while one answer grows, those above it are not drawn again. */
export const AgentMessage = memo(({ message, question, growing, newest, conversation, onTask }: Answer) => {
  const last = message.parts.length - 1;
  return (
    <article className="message agent" aria-label={TEXTS.chat.agent} aria-busy={growing}>
      {message.parts.map((part, index) => {
        if (part.type === "text" && part.text !== "") {
          return <Prose key={index} text={part.text} growing={growing && index === last} />;
        }
        if (isTool(part)) return <ToolCard key={part.toolCallId} {...{ message, part, growing, onTask }} />;
        return null;
      })}
      {growing && !saysSomething(message) && <p className="thinking">{TEXTS.chat.thinking}</p>}
      {!growing && <Outcome answer={message} {...{ question, newest, conversation }} />}
    </article>
  );
});

/** Whether the newest thing in the message already moves by itself. */
function saysSomething(message: UIMessage): boolean {
  const last = message.parts.findLast((part) => part.type === "text" || isTool(part));
  if (!last) return false;
  return last.type === "text" ? last.text !== "" : isTool(last) && last.state !== "output-available";
}
