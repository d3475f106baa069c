// The two changes of a task that need something to be written: to whom, and until when.
import { type FormEvent, useState } from "react";
import { ASSIGNEE_CHARS_MAX, DEADLINE_SECONDS_MAX } from "../limits";
import { TEXTS } from "../texts";
import { instantOf, localInput } from "../ui/time";

const T = TEXTS.task;

export function Reassign({ isBusy, onSave }: { isBusy: boolean; onSave: (assignee: string) => void }) {
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
        maxLength={ASSIGNEE_CHARS_MAX}
        autoFocus
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <button type="submit" aria-disabled={isBusy} disabled={name.trim() === ""}>
        {T.save}
      </button>
    </form>
  );
}

interface DeadlineProps {
  current: string | null;
  isBusy: boolean;
  onSave: (deadline: string | null) => void;
}

export function NewDeadline({ current, isBusy, onSave }: DeadlineProps) {
  const [at, setAt] = useState(() => localInput(new Date(Math.max(Date.now() + 3_600_000, Date.parse(current ?? "") || 0))));
  const isTime = !Number.isNaN(Date.parse(at)); // a browser's field may be empty, or take a year of five digits
  const save = (event: FormEvent) => {
    event.preventDefault();
    if (isTime) onSave(instantOf(at, current));
  };
  return (
    <form className="act" onSubmit={save}>
      <input
        type="datetime-local"
        aria-label={T.newDeadline}
        autoFocus
        max={localInput(new Date(Date.now() + DEADLINE_SECONDS_MAX * 1_000))}
        value={at}
        onChange={(event) => setAt(event.target.value)}
      />
      <button type="submit" aria-disabled={isBusy} disabled={!isTime}>
        {T.save}
      </button>
      {current !== null && (
        <button type="button" className="quiet" aria-disabled={isBusy} onClick={() => onSave(null)}>
          {T.removeDeadline}
        </button>
      )}
    </form>
  );
}
