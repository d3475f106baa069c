// What a person can do with a task by click. The service decides what is allowed; a refusal is shown as it says it.
import { type FormEvent, type RefObject, useEffect, useRef, useState } from "react";
import { type TaskChange, useChangeTask } from "../api/tasks";
import type { Task } from "../api/types";
import { TEXTS, say } from "../texts";
import { localInput } from "../ui/time";
import { isOpen } from "./select";

const T = TEXTS.task;

export function Acts({ task, title }: { task: Task; title: RefObject<HTMLElement | null> }) {
  const change = useChangeTask(task.task_id);
  const [form, setForm] = useState<"assignee" | "deadline" | null>(null);
  const pressed = useRef<HTMLElement>(null);
  const acted = useRef(false);
  useEffect(() => {
    // What had the focus may be gone by what was done: a form that was saved, or a button for what is no longer possible.
    if (!acted.current || document.activeElement !== document.body) return;
    acted.current = false;
    (pressed.current?.isConnected ? pressed.current : title.current)?.focus();
  }, [task.version, form, title]);
  if (!isOpen(task)) return null;
  const act = (what: TaskChange) => {
    acted.current = true;
    change.mutate(what, { onSuccess: () => setForm(null), onError: () => (acted.current = false) });
  };
  return (
    <div className="acts">
      <div className="buttons" onClick={(event) => (pressed.current = (event.target as Element).closest("button"))}>
        <button type="button" className="primary" onClick={() => act({ path: "status", body: { status: "completed" } })}>
          {T.complete}
        </button>
        {task.status !== "in_progress" && (
          <button type="button" onClick={() => act({ path: "status", body: { status: "in_progress" } })}>
            {T.start}
          </button>
        )}
        <button type="button" aria-expanded={form === "assignee"} onClick={() => setForm(form === "assignee" ? null : "assignee")}>
          {T.reassign}
        </button>
        <button type="button" aria-expanded={form === "deadline"} onClick={() => setForm(form === "deadline" ? null : "deadline")}>
          {T.newDeadline}
        </button>
        <button type="button" className="danger" onClick={() => act({ path: "status", body: { status: "cancelled" } })}>
          {T.cancel}
        </button>
      </div>
      {form === "assignee" && <Reassign onSave={(assignee) => act({ path: "assignee", body: { assignee } })} />}
      {form === "deadline" && (
        <NewDeadline current={task.deadline} onSave={(deadline) => act({ path: "deadline", body: { deadline } })} />
      )}
      {change.error && (
        <p className="problem" role="alert">
          {say(T.refused, { why: change.error.message })}
        </p>
      )}
    </div>
  );
}

function Reassign({ onSave }: { onSave: (assignee: string) => void }) {
  const [name, setName] = useState("");
  const save = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() !== "") onSave(name.trim());
  };
  return (
    <form className="act" onSubmit={save}>
      <input
        aria-label={T.reassignTo}
        placeholder={T.reassignTo}
        maxLength={128}
        autoFocus
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <button type="submit" disabled={name.trim() === ""}>
        {T.save}
      </button>
    </form>
  );
}

function NewDeadline({ current, onSave }: { current: string | null; onSave: (deadline: string | null) => void }) {
  const [at, setAt] = useState(() => localInput(new Date(Math.max(Date.now() + 3_600_000, Date.parse(current ?? "") || 0))));
  const save = (event: FormEvent) => {
    event.preventDefault();
    if (at !== "") onSave(new Date(at).toISOString());
  };
  return (
    <form className="act" onSubmit={save}>
      <input
        type="datetime-local"
        aria-label={T.newDeadline}
        autoFocus
        value={at}
        onChange={(event) => setAt(event.target.value)}
      />
      <button type="submit" disabled={at === ""}>
        {T.save}
      </button>
      {current !== null && (
        <button type="button" className="quiet" onClick={() => onSave(null)}>
          {T.removeDeadline}
        </button>
      )}
    </form>
  );
}
