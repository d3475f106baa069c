// How an answer ended, when there is more to say than its words: failed, stopped, undone; and what can be done about it.
import { useState } from "react";
import { useTurn } from "../api/service";
import type { Turn } from "../api/types";
import { ALTERNATIVES_MAX } from "../limits";
import { TEXTS, say } from "../texts";
import { Icon } from "../ui/Icon";
import { Prose } from "./Prose";
import type { Conversation } from "./conversation";
import type { Message } from "./wire";

const T = TEXTS.chat;

export function Outcome(props: { answer: Message; question: Message | undefined; newest: boolean; conversation: Conversation }) {
  const { answer, question, newest, conversation } = props;
  const told = answer.metadata;
  const failed = told?.status === "failed";
  const isLast = (told?.alternatives ?? 0) >= ALTERNATIVES_MAX;
  const again = newest && question && (
    <button type="button" className="quiet" disabled={isLast} onClick={() => void conversation.regenerate(question, answer.id)}>
      <Icon name="again" /> {failed ? T.retry : T.regenerate}
    </button>
  );
  return (
    <>
      {failed && <p className="problem">{say(T.failed, { why: told.error?.message ?? "" })}</p>}
      {told?.status === "cancelled" && <Stopped turn={answer.id} />}
      {told?.regenerates && <Former turn={told.regenerates} />}
      {again && (
        <div className="actions">
          {again}
          {isLast && <span className="muted">{say(T.noMoreAnswers, { n: ALTERNATIVES_MAX })}</span>}
        </div>
      )}
    </>
  );
}

/** The answer that this one replaces, and the one before that, when somebody wants to see it. */
function Former({ turn }: { turn: string }) {
  const [opened, setOpened] = useState(false);
  const { data } = useTurn(turn, opened);
  return (
    <details className="former" onToggle={(event) => setOpened(event.currentTarget.open)}>
      <summary>{T.former}</summary>
      {data && <Prose text={data.message?.content || T.nothingSaid} growing={false} />}
      {data && data.effects.length > 0 && <Did effects={data.effects} />}
      {data?.regenerates && <Former turn={data.regenerates} />}
    </details>
  );
}

/** What an answer did to tasks: that another one took its place has not undone it. */
function Did({ effects }: { effects: Turn["effects"] }) {
  return (
    <>
      <p className="small">{T.formerDid}</p>
      <ul className="small">
        {effects.flatMap(({ task_id, what }) =>
          what.map((command, index) => <li key={`${task_id} ${index}`}>{say(T.did[command], { task: task_id })}</li>),
        )}
      </ul>
    </>
  );
}

function Stopped({ turn }: { turn: string }) {
  const { data } = useTurn(turn, true);
  return (
    <>
      <p className="stopped muted">
        <Icon name="stop" /> {T.cancelled}
      </p>
      {data?.undo && data.undo.tasks.length > 0 && (
        <ol className="steps undone">
          {data.undo.tasks.map((task) => (
            <li key={task.task_id} className={task.state === "undone" || task.state === "failed" ? "undo" : "skipped"}>
              <Icon name={task.state === "undone" ? "undo" : task.state === "failed" ? "cross" : "skip"} />
              <span>
                {say(T.undo[task.state], { task: task.task_id })}
                {task.detail && <small>{task.detail}</small>}
              </span>
            </li>
          ))}
        </ol>
      )}
    </>
  );
}
