// A task's history, newest first, as a timeline.
import type { TaskHistory } from "../api/types";
import { TEXTS, say } from "../texts";
import { moment } from "../ui/time";

const T = TEXTS.task;
const HIDDEN = new Set(["title", "description", "status"]);

export function Happened({ history }: { history: TaskHistory }) {
  return (
    <>
      <ol className="timeline">
        {history.entries.toReversed().map((entry) => (
          <li key={entry.version} className={entry.what.replace(".", "-")}>
            <span>
              {T.what[entry.what] ?? entry.what}
              {Object.entries(entry.changes)
                .filter(([field]) => !HIDDEN.has(field))
                .map(([field, [, to]]) => (
                  <b key={field}>{valueOf(field, to)}</b>
                ))}
            </span>
            <small>
              <time dateTime={entry.at}>{moment(entry.at)}</time> {say(T.by, { who: who(entry.by) })}
            </small>
          </li>
        ))}
      </ol>
      {history.dropped > 0 && <p className="muted small">{say(T.dropped, { n: history.dropped })}</p>}
    </>
  );
}

const valueOf = (field: string, value: string | null): string =>
  value === null ? T.nothing : field === "deadline" ? moment(value) : value;

/** `user:alice` is alice; turns, workflows and the system are told by their kind. */
function who(by: string): string {
  const [kind = "", ...name] = by.split(":");
  return T.makers[kind] ?? name.join(":");
}
