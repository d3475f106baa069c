// What a person chooses to see of the list: a filter, words, an order.
import { TEXTS, say } from "../texts";
import type { Choice, Filter, Sort } from "./select";

const T = TEXTS.tasks;
export const SEARCH = "task-search";

interface Props {
  choice: Choice;
  onChoose: (choice: Choice) => void;
  /** How many tasks each filter would show; of those that are loaded, where `areLeast`. */
  numbers: Record<Filter, number>;
  areLeast: boolean;
}

export function Choices({ choice, onChoose, numbers, areLeast }: Props) {
  const { filter, sort, search } = choice;
  return (
    <>
      <div className="filters" role="group" aria-label={T.filter}>
        {(Object.keys(T.filters) as Filter[]).map((name) => (
          <button
            key={name}
            type="button"
            aria-pressed={filter === name}
            className={name}
            onClick={() => onChoose({ ...choice, filter: name })}
          >
            {T.filters[name]} <span className="count">{areLeast ? say(T.atLeast, { n: numbers[name] }) : numbers[name]}</span>
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
    </>
  );
}
