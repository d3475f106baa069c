// One task in the list.
import { memo } from "react";
import type { Task } from "../api/types";
import { TEXTS, say } from "../texts";
import { countdown, moment, useNow } from "../ui/time";
import { isOpen } from "./select";

const T = TEXTS.tasks;

export const Row = memo(({ task, onOpen }: { task: Task; onOpen: (id: string) => void }) => (
  <li className={`row ${task.status}`} data-task={task.task_id}>
    <button type="button" onClick={() => onOpen(task.task_id)}>
      <span className="title" dir="auto">{task.title}</span>
      <Status task={task} />
      <span className="who">{task.assignee ?? T.unassigned}</span>
      <Deadline task={task} />
    </button>
  </li>
));

export const Status = ({ task }: { task: Task }) => <span className={`status ${task.status}`}>{T.status[task.status]}</span>;

export function Deadline({ task }: { task: Task }) {
  if (task.deadline === null) return <span className="when">{T.noDeadline}</span>;
  const time = moment(task.deadline);
  return (
    <time className="when" dateTime={task.deadline} title={time}>
      {isOpen(task) ? <Countdown deadline={task.deadline} /> : say(T.wasDue, { time })}
    </time>
  );
}

/** Alone, because it is drawn each second. */
const Countdown = ({ deadline }: { deadline: string }) => countdown(deadline, useNow());
