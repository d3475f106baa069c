// The tasks of this user, live: filter, search, sort, open one.
import { useState } from "react";
import { useTasks } from "../api/tasks";
import { TEXTS, say } from "../texts";
import { useNow } from "../ui/time";
import { Detail } from "./Detail";
import { Row } from "./Row";
import { type Filter, type Sort, counts, select } from "./select";

const T = TEXTS.tasks;

export function Board({ opened, onOpen }: { opened: string | null; onOpen: (id: string | null) => void }) {
  return (
    <section className="tasks" aria-label={T.region}>
      {opened === null ? <List onOpen={onOpen} /> : <Detail key={opened} id={opened} onBack={() => onOpen(null)} />}
    </section>
  );
}

function List({ onOpen }: { onOpen: (id: string) => void }) {
  const { data, error, isPending, hasNextPage, fetchNextPage, isFetchingNextPage } = useTasks();
  const [filter, setFilter] = useState<Filter>("open");
  const [sort, setSort] = useState<Sort>("deadline");
  const [search, setSearch] = useState("");
  const now = useNow();
  const all = data?.pages.flatMap((page) => page.tasks) ?? [];
  const shown = select(all, filter, sort, search);
  const numbers = counts(all);
  return (
    <>
      <h2 className="hidden">{T.region}</h2>
      <div className="filters" role="group" aria-label={T.filter}>
        {(Object.keys(T.filters) as Filter[]).map((name) => (
          <button key={name} type="button" aria-pressed={filter === name} className={name} onClick={() => setFilter(name)}>
            {T.filters[name]} <span className="count">{numbers[name]}</span>
          </button>
        ))}
      </div>
      <div className="find">
        <input
          id="task-search"
          type="search"
          value={search}
          placeholder={T.search}
          aria-label={T.search}
          aria-keyshortcuts="Control+K Meta+K"
          onChange={(event) => setSearch(event.target.value)}
        />
        <label>
          <span className="hidden">{T.sort}</span>
          <select value={sort} onChange={(event) => setSort(event.target.value as Sort)}>
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
