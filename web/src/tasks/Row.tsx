// One task in the list.
import { memo } from "react";
import type { Task } from "../api/types";
import { TEXTS, say } from "../texts";
import { countdown, moment } from "../ui/time";
import { isOpen } from "./select";

const T = TEXTS.tasks;

export const Row = memo(({ task, now, onOpen }: { task: Task; now: number; onOpen: (id: string) => void }) => (
  <li className={`row ${task.status}`} data-task={task.task_id}>
    <button type="button" onClick={() => onOpen(task.task_id)}>
      <span className="title">{task.title}</span>
      <Status task={task} />
      <span className="who">{task.assignee ?? T.unassigned}</span>
      <Deadline task={task} now={now} />
    </button>
  </li>
));

export const Status = ({ task }: { task: Task }) => <span className={`status ${task.status}`}>{T.status[task.status]}</span>;

export function Deadline({ task, now }: { task: Task; now: number }) {
  if (task.deadline === null) return <span className="when">{T.noDeadline}</span>;
  const text = isOpen(task) ? countdown(task.deadline, now) : say(T.wasDue, { time: moment(task.deadline) });
  return (
    <time className="when" dateTime={task.deadline} title={moment(task.deadline)}>
      {text}
    </time>
  );
}
