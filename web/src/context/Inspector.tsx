// What the model is about to see, to the token; or what it was sent for a turn, step by step.
import { useRef, useState } from "react";
import { useContext, useTurns } from "../api/service";
import type { Context, ContextMessage } from "../api/types";
import { MAX_HISTORY } from "../limits";
import { TEXTS, say } from "../texts";
import { useKeptFocus } from "../ui/useKeptFocus";
import { Bar } from "./Bar";
import { StepPicker } from "./StepPicker";
import { type Listed, stillThere, withChosen } from "./chosen";

const T = TEXTS.context;

export function Inspector() {
  const [chosen, choose] = useState<{ turn: Listed | null; step: number | null }>({ turn: null, step: null });
  const turns = useTurns();
  const listed = turns.data?.pages.flatMap((page) => page.turns.toReversed()) ?? [];
  const turn = stillThere(chosen.turn, listed, turns.hasNextPage);
  const offered = withChosen(turn, listed);
  const id = turn?.turn_id ?? null;
  const step = turn && chosen.step;
  const steps = useContext(id, null).data?.steps ?? [];
  const { data: context, error } = useContext(id, step);
  const found = (wanted: string) => offered.find(({ turn_id }) => turn_id === wanted) ?? null;
  const region = useRef<HTMLElement>(null);
  const which = useRef<HTMLSelectElement>(null);
  useKeptFocus(region, () => which.current);
  const older = () => {
    if (!turns.isFetching) void turns.fetchNextPage();
  };
  return (
    <section className="context" aria-label={T.region} ref={region}>
      <h2 className="hidden">{T.region}</h2>
      <label className="which">
        <span>{T.which}</span>
        <select ref={which} value={id ?? ""} onChange={({ target }) => choose({ turn: found(target.value), step: null })}>
          <option value="">{T.now}</option>
          {offered.map((t) => (
            <option key={t.turn_id} value={t.turn_id}>
              {say(T.turn, { n: t.number, text: asked(t) })}
            </option>
          ))}
        </select>
      </label>
      {turns.hasNextPage && (
        <button type="button" className="link small" aria-disabled={turns.isFetching} onClick={older}>
          {T.older}
        </button>
      )}
      <StepPicker steps={steps} chosen={step} onChoose={(step) => choose({ turn, step })} />
      <p className="muted">{turn === null ? T.lead : steps.length > 1 ? T.leadStep : T.leadTurn}</p>
      {error && (
        <p className="problem" role="alert">
          {say(T.error, { why: error.message })}
        </p>
      )}
      {context && <Seen context={context} />}
    </section>
  );
}

function asked(turn: Listed): string {
  const text = turn.messages[0]?.content ?? "";
  const start = text.slice(0, 59).replace(/[\uD800-\uDBFF]$/, ""); // no half of a character
  return text.length > 60 ? `${start}…` : text;
}

function Seen({ context }: { context: Context }) {
  return (
    <>
      <Bar context={context} />
      {context.sent !== null && context.sent !== context.used && <p className="muted small">{say(T.changed, { n: context.sent })}</p>}
      {context.omitted_turns > 0 && <p className="muted small">{say(T.omitted, { n: context.omitted_turns })}</p>}
      <h3>{T.messages}</h3>
      <ol className="seen">
        {context.messages.map((message, index) => (
          <Message key={index} message={message} />
        ))}
      </ol>
    </>
  );
}

function Message({ message }: { message: ContextMessage }) {
  const calls = message.tool_calls.map((call) => call.name).join(", ");
  return (
    <li className={message.included ? "" : "out"} data-tokens={message.included ? message.tokens : 0}>
      <details>
        <summary>
          <b>{T.roles[message.role]}</b>
          <span className="text">{message.content || (calls && say(T.calls, { names: calls })) || T.empty}</span>
          <span className="tokens">
            {message.estimated ? "~" : ""}
            {message.tokens}
          </span>
          {message.reason && <span className="reason">{say(T.out[message.reason], { n: MAX_HISTORY })}</span>}
        </summary>
        <pre tabIndex={0}>{[message.content, ...message.tool_calls.map((c) => `${c.name}(${c.arguments})`)].filter(Boolean).join("\n")}</pre>
      </details>
    </li>
  );
}
