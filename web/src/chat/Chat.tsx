// The conversation: what was said, what is being said, what waits, and the box to say more.
import { useEffect, useRef, useSyncExternalStore } from "react";
import { TEXTS } from "../texts";
import { Icon } from "../ui/Icon";
import { useKeptFocus } from "../ui/useKeptFocus";
import { useStickToEnd } from "../ui/useStickToEnd";
import { Announcer } from "./Announcer";
import { Composer } from "./Composer";
import { AgentMessage, UserMessage } from "./Message";
import { OutgoingMessage } from "./OutgoingMessage";
import { Place } from "./Place";
import { preloadProse } from "./Prose";
import { Welcome } from "./Welcome";
import { queued } from "./announce";
import { arrange } from "./arrange";
import type { Conversation } from "./conversation";
import { useEscape } from "./useEscape";
import type { View } from "./view";
import type { Message } from "./wire";

const T = TEXTS.chat;

export function Chat({ conversation, onTask }: { conversation: Conversation; onTask: (id: string) => void }) {
  const view = useSyncExternalStore(conversation.subscribe, () => conversation.view);
  const region = useRef<HTMLElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const { away, toEnd } = useStickToEnd(box, content);

  useEffect(() => {
    conversation.look();
    preloadProse();
  }, [conversation]);
  useEscape(conversation);
  // Who has asked for older messages wants to read them; all others want to go on.
  useKeptFocus(region, (gone) => (gone.matches(".older") ? box.current : document.getElementById("message")));

  const send = (text: string) => {
    conversation.send(text);
    toEnd();
  };
  return (
    <section className="chat" aria-label={T.region} ref={region}>
      <h2 className="hidden">{T.region}</h2>
      <div className="scroll" role="group" aria-label={T.messages} ref={box} tabIndex={0}>
        <div className="messages" ref={content}>
          {!view.loaded && <p className="muted">{T.loading}</p>}
          {view.older !== null && (
            <button
              type="button"
              className="quiet older"
              aria-disabled={view.loadingOlder}
              onClick={() => void conversation.loadOlder()}
            >
              {T.older}
            </button>
          )}
          <Place box={box} messages={view.messages}>
            <Said view={view} conversation={conversation} onTask={onTask} onExample={send} />
          </Place>
          {view.reconnecting && <p className="notice">{T.reconnecting}</p>}
          {view.problem && (
            <p className="problem" role="alert">
              {view.problem}
            </p>
          )}
        </div>
        {away && (
          <div className="newest">
            <button type="button" onClick={toEnd}>
              <Icon name="down" /> {T.newest}
            </button>
          </div>
        )}
      </div>
      <Announcer {...view} />
      <Composer
        running={view.running}
        stopping={view.stopping}
        onSend={send}
        onStop={(effects) => void conversation.stop(effects)}
      />
    </section>
  );
}

function Said(props: { view: View; conversation: Conversation; onTask: (id: string) => void; onExample: (text: string) => void }) {
  const { view, conversation, onTask, onExample } = props;
  const items = arrange(view);
  if (view.loaded && items.length === 0) return <Welcome onExample={onExample} />;
  const newest = items.findLast((item) => item.kind === "answer");
  return items.map((item) => {
    if (item.kind === "outgoing") {
      return <OutgoingMessage key={item.outgoing.message.id} outgoing={item.outgoing} conversation={conversation} />;
    }
    const { message } = item;
    if (item.kind === "question") {
      return (
        <UserMessage key={message.id} message={message}>
          {message.metadata?.status === "queued" && <Queued message={message} ahead={item.ahead} conversation={conversation} />}
        </UserMessage>
      );
    }
    return (
      <AgentMessage
        key={message.id}
        {...{ message, conversation, onTask }}
        question={item.question}
        growing={item.growing}
        newest={item === newest && !view.running}
      />
    );
  });
}

function Queued({ message, ahead, conversation }: { message: Message; ahead: number; conversation: Conversation }) {
  const turn = message.metadata?.turn_id ?? "";
  return (
    <p className="queued small">
      {queued(ahead)}{" "}
      <button type="button" className="link" onClick={() => void conversation.withdraw(turn)}>
        {T.withdraw}
      </button>
    </p>
  );
}
