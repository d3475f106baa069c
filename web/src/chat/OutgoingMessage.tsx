// A message on its way: being sent, or refused.
import { TEXTS, say } from "../texts";
import { UserMessage } from "./Message";
import type { Conversation } from "./conversation";
import type { Outgoing } from "./view";

const T = TEXTS.chat;

export function OutgoingMessage({ outgoing, conversation }: { outgoing: Outgoing; conversation: Conversation }) {
  return (
    <UserMessage message={outgoing.message}>
      {outgoing.state === "sending" && <p className="muted small">{T.sending}</p>}
      {outgoing.state === "failed" && (
        <p className="problem small" role="alert">
          {say(T.failedToSend, { why: outgoing.why ?? "" })}{" "}
          <button type="button" className="link" onClick={() => conversation.resend(outgoing)}>
            {T.retry}
          </button>{" "}
          <button type="button" className="link" onClick={() => conversation.discard(outgoing)}>
            {T.discard}
          </button>
        </p>
      )}
    </UserMessage>
  );
}
