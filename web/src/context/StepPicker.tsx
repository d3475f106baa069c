// Which model call of a turn is shown. Not there when there is nothing to choose.
import { TEXTS, say } from "../texts";

const T = TEXTS.context;

/** `steps` count from 0, oldest first; a person counts from 1. Null stands for the newest, also of a turn that goes on. */
export function StepPicker(props: { steps: number[]; chosen: number | null; onChoose: (step: number | null) => void }) {
  const { steps, chosen, onChoose } = props;
  const newest = steps.at(-1);
  if (newest === undefined || steps.length === 1) return null;
  return (
    <label className="which">
      <span>{T.step}</span>
      <select
        value={chosen ?? newest}
        onChange={({ target }) => onChoose(Number(target.value) === newest ? null : Number(target.value))}
      >
        {steps.map((step) => (
          <option key={step} value={step}>
            {say(T.stepOf, { n: step + 1, of: newest + 1 })}
          </option>
        ))}
      </select>
    </label>
  );
}
