// What a person can do with a task by click. The service decides what is allowed; a refusal is shown as it says it.
import { type RefObject, useEffect, useRef, useState } from "react";
import { type TaskChange, isSo } from "../api/changes";
import { isPassing } from "../api/http";
import { useChangeTask } from "../api/tasks";
import type { Task } from "../api/types";
import { TEXTS, say } from "../texts";
import { NewDeadline, Reassign } from "./ActForms";
import { SureButton } from "./SureButton";
import { isOpen } from "./select";

const T = TEXTS.task;

export function Acts({ task, title }: { task: Task; title: RefObject<HTMLElement | null> }) {
  const change = useChangeTask(task.task_id);
  const [form, setForm] = useState<"assignee" | "deadline" | null>(null);
  const pressed = useRef<HTMLElement>(null);
  const acted = useRef(false);
  const underWay = useRef(false); // known before anything is drawn: two clicks may be closer than that
  useEffect(() => {
    // What had the focus may be gone by what was done: a form that was saved, or a button for what is no longer possible.
    if (!acted.current || document.activeElement !== document.body) return;
    acted.current = false;
    (pressed.current?.isConnected ? pressed.current : title.current)?.focus();
  }, [task.version, form, title]);
  const { reset } = change;
  const isSoAfterAll = change.isError && isSo(task, change.variables);
  useEffect(() => {
    if (isSoAfterAll) reset();
  }, [isSoAfterAll, reset]);
  if (!isOpen(task)) return null;
  const act = (what: TaskChange) => {
    if (underWay.current) return;
    underWay.current = acted.current = true;
    change.mutate(what, {
      onSuccess: () => setForm(null),
      onError: () => (acted.current = false),
      onSettled: () => (underWay.current = false),
    });
  };
  const move = (status: string) => act({ path: "status", body: { status } });
  const toggle = (which: "assignee" | "deadline") => setForm(form === which ? null : which);
  const isBusy = change.isPending;
  return (
    <div className="acts">
      <div className="buttons" onClick={(event) => (pressed.current = (event.target as Element).closest("button"))}>
        <button type="button" className="primary" aria-disabled={isBusy} onClick={() => move("completed")}>
          {T.complete}
        </button>
        {task.status !== "in_progress" && (
          <button type="button" aria-disabled={isBusy} onClick={() => move("in_progress")}>
            {T.start}
          </button>
        )}
        <button type="button" aria-expanded={form === "assignee"} onClick={() => toggle("assignee")}>
          {T.reassign}
        </button>
        <button type="button" aria-expanded={form === "deadline"} onClick={() => toggle("deadline")}>
          {T.newDeadline}
        </button>
        <SureButton {...{ isBusy }} label={T.cancel} question={T.cancelSure} hint={T.cancelHint} onSure={() => move("cancelled")} />
      </div>
      {form === "assignee" && <Reassign isBusy={isBusy} onSave={(assignee) => act({ path: "assignee", body: { assignee } })} />}
      {form === "deadline" && (
        <NewDeadline
          current={task.deadline}
          isBusy={isBusy}
          onSave={(deadline) => act({ path: "deadline", body: { deadline } })}
        />
      )}
      {change.error && (
        <p className="problem" role="alert">
          {say(isPassing(change.error) ? T.unsure : T.refused, { why: change.error.message })}
        </p>
      )}
    </div>
  );
}
