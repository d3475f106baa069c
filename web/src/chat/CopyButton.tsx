// Copies a text, and says whether it did: a browser may refuse, or have no clipboard for a page that came over plain HTTP.
import { useState } from "react";
import { TEXTS } from "../texts";

const T = TEXTS.chat;

export function CopyButton({ textOf }: { textOf: () => string }) {
  const [label, setLabel] = useState<string>(T.copy);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(textOf());
      setLabel(T.copied);
    } catch {
      setLabel(T.notCopied);
    }
  };
  return (
    <>
      <button type="button" className="quiet" onClick={copy} onBlur={() => setLabel(T.copy)}>
        {label}
      </button>
      <span className="hidden" role="status">
        {label === T.copy ? "" : label}
      </span>
    </>
  );
}
