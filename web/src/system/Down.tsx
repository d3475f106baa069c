// The whole page while the service does not answer. What lies beneath stays as it is, a draft included.
import { useEffect, useRef } from "react";
import { TEXTS } from "../texts";

const T = TEXTS.system;

export function Down() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const box = dialog.current;
    box?.showModal();
    return () => box?.close();
  }, []);
  return (
    <dialog className="down" ref={dialog} aria-labelledby="down-title" onCancel={(event) => event.preventDefault()}>
      <h2 id="down-title">{T.downTitle}</h2>
      <p>{T.downLead}</p>
      <p>
        {T.downHow} <code>{T.downCommand}</code>
      </p>
      <p className="trying" role="status">
        {T.downTrying}
      </p>
    </dialog>
  );
}
