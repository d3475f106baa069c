// The whole page while the service does not answer. What lies beneath stays as it is, a draft included.
import { useLayoutEffect, useRef } from "react";
import { TEXTS } from "../texts";

const T = TEXTS.system;

export function Down() {
  const dialog = useRef<HTMLDialogElement>(null);
  // Of the layout: it is closed while it is still in the document, which gives the focus back to where it was.
  useLayoutEffect(() => {
    const box = dialog.current;
    if (!box) return;
    const show = () => box.open || box.showModal();
    show();
    box.addEventListener("close", show); // a browser may close it all the same: a second Escape in a row cannot be refused
    return () => {
      box.removeEventListener("close", show);
      box.close();
    };
  }, []);
  return (
    <dialog
      className="down"
      ref={dialog}
      aria-labelledby="down-title"
      closedby="none"
      onCancel={(event) => event.preventDefault()}
    >
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
