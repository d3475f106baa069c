// A button for what cannot be taken back: pressed once it asks, pressed again it does it. Escape, or going elsewhere, is a no.
import { type KeyboardEvent, type MouseEvent, useState } from "react";

interface Props {
  label: string;
  question: string;
  /** For who does not see that the label has become a question. */
  hint: string;
  isBusy: boolean;
  onSure: () => void;
}

export function SureButton({ label, question, hint, isBusy, onSure }: Props) {
  const [asks, setAsks] = useState(false);
  const press = (event: MouseEvent<HTMLButtonElement>) => {
    if (isBusy || event.detail > 1) return; // the second half of a double click answers nothing
    event.currentTarget.focus(); // not every browser does that, and what has no focus cannot lose it
    setAsks(!asks);
    if (asks) onSure();
  };
  const keys = (event: KeyboardEvent) => {
    if (asks && event.key === "Escape") setAsks(false);
    else if (!event.repeat || event.key === "Tab") return; // a key that is held down answers nothing either
    event.preventDefault();
  };
  return (
    <>
      <button
        type="button"
        className={asks ? "danger sure" : "danger"}
        aria-disabled={isBusy}
        onClick={press}
        onKeyDown={keys}
        onBlur={() => setAsks(false)}
      >
        {asks ? question : label}
      </button>
      <span className="hidden" role="status">
        {asks ? hint : ""}
      </span>
    </>
  );
}
