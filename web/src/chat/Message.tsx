// One message: what the person said, or what the agent answered, in the order it came: words, tool calls, words.
import type { UIMessage } from "ai";
import { type ReactNode, memo } from "react";
import { TEXTS } from "../texts";
import { Prose } from "./Prose";
import { ToolCard } from "./ToolCard";
import { isTool, textOf } from "./parts";

export const UserMessage = memo(({ message, children }: { message: UIMessage; children?: ReactNode }) => (
  <article className="message user" aria-label={TEXTS.chat.you}>
    <div className="bubble">{textOf(message)}</div>
    {children}
  </article>
));

export const AgentMessage = memo(
  (props: { message: UIMessage; growing: boolean; onTask: (id: string) => void; children?: ReactNode }) => {
    const { message, growing, onTask, children } = props;
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
        {children}
      </article>
    );
  },
);

/** Whether the newest thing in the message already moves by itself. */
function saysSomething(message: UIMessage): boolean {
  const last = message.parts.findLast((part) => part.type === "text" || isTool(part));
  if (!last) return false;
  return last.type === "text" ? last.text !== "" : isTool(last) && last.state !== "output-available";
}
