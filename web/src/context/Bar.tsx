// The token budget as a bar, and in words.
import type { Context } from "../api/types";
import { TEXTS, say } from "../texts";
import { shares } from "./shares";

const T = TEXTS.context;
type Part = keyof typeof T.parts;
const number = (n: number): string => n.toLocaleString(TEXTS.locale);
const PARTS = Object.keys(T.parts) as Part[];

export function Bar({ context }: { context: Context }) {
  const parts = shares(context);
  const whole = Math.max(context.budget, context.used);
  const told = PARTS.map((part) => `${T.parts[part]} ${parts[part]}`).join(", ");
  return (
    <figure className="budget">
      <div className="bar" role="img" aria-label={say(T.bar, { parts: told })}>
        {PARTS.map((part) => (
          <span key={part} className={part} style={{ width: `${(100 * parts[part]) / whole}%` }} />
        ))}
      </div>
      <figcaption>
        <p>
          <b data-used={context.used} data-budget={context.budget}>
            {say(T.used, { used: number(context.used), budget: number(context.budget) })}
          </b>
          {context.estimated && <small>{T.estimated}</small>}
        </p>
        <ul>
          {PARTS.map((part) => (
            <li key={part} className={part} data-part={part} data-tokens={parts[part]}>
              {T.parts[part]} <b>{number(parts[part])}</b>
            </li>
          ))}
        </ul>
      </figcaption>
    </figure>
  );
}
