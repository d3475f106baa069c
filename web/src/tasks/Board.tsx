// The tasks of this user, live: filter, search, sort, open one.
import { useTasks } from "../api/tasks";
import { TEXTS, say } from "../texts";
import { useNow } from "../ui/time";
import { Detail } from "./Detail";
import { Row } from "./Row";
import { type Choice, type Filter, type Sort, counts, select } from "./select";

const T = TEXTS.tasks;
export const SEARCH = "task-search";

interface Props {
  opened: string | null;
  onOpen: (id: string | null) => void;
  /** Kept by the page: it outlives this board, and a look at a task. */
  choice: Choice;
  onChoose: (choice: Choice) => void;
}

export function Board({ opened, onOpen, ...list }: Props) {
  const back = () => {
    onOpen(null);
    requestAnimationFrame(() => (rowOf(opened) ?? document.getElementById(SEARCH))?.focus());
  };
  return (
    <section className="tasks" aria-label={T.region}>
      {opened === null ? <List onOpen={onOpen} {...list} /> : <Detail key={opened} id={opened} onBack={back} />}
    </section>
  );
}

const rowOf = (task: string | null) => document.querySelector<HTMLElement>(`[data-task="${CSS.escape(task ?? "")}"] button`);

function List({ onOpen, choice, onChoose }: Omit<Props, "opened">) {
  const { data, error, isPending, hasNextPage, fetchNextPage, isFetchingNextPage } = useTasks();
  const { filter, sort, search } = choice;
  const now = useNow();
  const all = data?.pages.flatMap((page) => page.tasks) ?? [];
  const shown = select(all, choice);
  const numbers = counts(all);
  return (
    <>
      <h2 className="hidden">{T.region}</h2>
      <div className="filters" role="group" aria-label={T.filter}>
        {(Object.keys(T.filters) as Filter[]).map((name) => (
          <button
            key={name}
            type="button"
            aria-pressed={filter === name}
            className={name}
            onClick={() => onChoose({ ...choice, filter: name })}
          >
            {T.filters[name]} <span className="count">{hasNextPage ? say(T.atLeast, { n: numbers[name] }) : numbers[name]}</span>
          </button>
        ))}
      </div>
      <div className="find">
        <input
          id={SEARCH}
          type="search"
          value={search}
          placeholder={T.search}
          aria-label={T.search}
          aria-keyshortcuts="Control+K Meta+K"
          onChange={(event) => onChoose({ ...choice, search: event.target.value })}
        />
        <label>
          <span className="hidden">{T.sort}</span>
          <select value={sort} onChange={(event) => onChoose({ ...choice, sort: event.target.value as Sort })}>
            {(Object.keys(T.sorts) as Sort[]).map((name) => (
              <option key={name} value={name}>
                {T.sorts[name]}
              </option>
            ))}
          </select>
        </label>
      </div>
      {isPending && <p className="muted">{T.loading}</p>}
      {error && <p className="problem">{say(T.error, { why: error.message })}</p>}
      {data && shown.length === 0 && <p className="muted empty">{all.length === 0 ? T.none : T.noMatch}</p>}
      <ul className="rows">
        {shown.map((task) => (
          <Row key={task.task_id} task={task} now={now} onOpen={onOpen} />
        ))}
      </ul>
      {hasNextPage && (
        <button type="button" className="quiet" onClick={() => void fetchNextPage()} disabled={isFetchingNextPage}>
          {T.more}
        </button>
      )}
    </>
  );
}
