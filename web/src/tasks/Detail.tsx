// One task: what it is, what can be done with it, how its processing went, and what happened to it.
import { useEffect, useRef } from "react";
import { useTask, useTaskHistory } from "../api/tasks";
import type { Task } from "../api/types";
import { TEXTS, say } from "../texts";
import { Icon } from "../ui/Icon";
import { moment } from "../ui/time";
import { Acts } from "./Acts";
import { Happened } from "./Happened";
import { Processed } from "./Processed";
import { Deadline, Status } from "./Row";

const T = TEXTS.task;

export function Detail({ id, onBack }: { id: string; onBack: () => void }) {
  const { data: task, error } = useTask(id);
  const back = useRef<HTMLButtonElement>(null);
  useEffect(() => back.current?.focus(), []);
  return (
    <div className="detail">
      <button type="button" className="quiet" ref={back} onClick={onBack}>
        <Icon name="back" /> {T.back}
      </button>
      {error && !task && <p className="problem" role="alert">{error.message}</p>}
      {task && <Known task={task} />}
    </div>
  );
}

function Known({ task }: { task: Task }) {
  const title = useRef<HTMLHeadingElement>(null);
  return (
    <>
      <h2 ref={title} tabIndex={-1}>
        {task.title}
      </h2>
      <p className="line">
        <Status task={task} /> <Deadline task={task} />
      </p>
      <p className="description">{task.description}</p>
      <dl>
        <dt>{T.assignee}</dt>
        <dd>{task.assignee ?? TEXTS.tasks.unassigned}</dd>
        <dt>{T.deadline}</dt>
        <dd>{task.deadline === null ? TEXTS.tasks.noDeadline : moment(task.deadline)}</dd>
        <dt>{T.created}</dt>
        <dd>
          {moment(task.created_at)} {say(T.by, { who: task.created_by })}
        </dd>
        <dt>{T.id}</dt>
        <dd>
          <code>{task.task_id}</code>
        </dd>
      </dl>
      <Acts task={task} title={title} />
      <Processed task={task.task_id} />
      <h3>{T.history}</h3>
      <History task={task.task_id} />
    </>
  );
}

function History({ task }: { task: string }) {
  const { data, failureReason, error } = useTaskHistory(task);
  const whyNot = failureReason ?? error; // said while it is tried again, too
  if (data) return <Happened history={data} />;
  if (whyNot) return <p className="problem">{say(T.historyError, { why: whyNot.message })}</p>;
  return <p className="muted">{T.historyLoading}</p>;
}
