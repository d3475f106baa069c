// The tasks of this user, live: filter, search, sort, open one.
import { useRef } from "react";
import { useTasks } from "../api/tasks";
import { TEXTS, say } from "../texts";
import { useKeptFocus } from "../ui/useKeptFocus";
import { Choices, SEARCH } from "./Choices";
import { Detail } from "./Detail";
import { Row } from "./Row";
import { type Choice, counts, isSought, select } from "./select";

const T = TEXTS.tasks;

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
  const { data, error, isPending, hasNextPage, fetchNextPage, isFetchingNextPage, isSeeking } = useTasks(isSought(choice));
  const all = data?.pages.flatMap((page) => page.tasks) ?? [];
  const shown = select(all, choice);
  const further = useRef<HTMLDivElement>(null);
  useKeptFocus(further, () => document.querySelector<HTMLElement>(".rows > :last-child button") ?? document.getElementById(SEARCH));
  const more = () => {
    if (!isFetchingNextPage) void fetchNextPage();
  };
  return (
    <>
      <h2 className="hidden">{T.region}</h2>
      <Choices {...{ choice, onChoose }} numbers={counts(all)} areLeast={hasNextPage} />
      {error && (
        <p className="problem" role="alert">
          {say(T.error, { why: error.message })}
        </p>
      )}
      <div role="status">
        {isPending && <p className="muted">{T.loading}</p>}
        {isSeeking && <p className="muted">{T.seeking}</p>}
        {data && !isSeeking && shown.length === 0 && (
          <p className="muted empty">
            {all.length === 0 ? T.none : say(hasNextPage ? T.noMatchYet : T.noMatch, { n: all.length })}
          </p>
        )}
      </div>
      <ul className="rows">
        {shown.map((task) => (
          <Row key={task.task_id} task={task} onOpen={onOpen} />
        ))}
      </ul>
      {hasNextPage && !isSeeking && (
        <div className="further" ref={further}>
          {shown.length > 0 && <p className="muted small">{say(T.among, { n: all.length })}</p>}
          <button type="button" className="quiet" onClick={more} aria-disabled={isFetchingNextPage}>
            {T.more}
          </button>
        </div>
      )}
    </>
  );
}
