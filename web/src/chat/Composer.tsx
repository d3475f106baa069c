// Where the person writes. What is written survives a reload; Enter sends, Shift+Enter starts a new line, Escape stops.
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { keep, kept } from "../kept";
import { MESSAGE_BYTES_MAX as BYTES_MAX } from "../limits";
import { TEXTS, say } from "../texts";
import { Icon } from "../ui/Icon";
import { isComposing } from "../ui/composing";

const T = TEXTS.chat;
const DRAFT = "task-agent.draft";
const bytes = new TextEncoder();

export function Composer(props: {
  running: boolean;
  stopping: boolean;
  onSend: (text: string) => void;
  onStop: (effects: "keep" | "undo") => void;
}) {
  const [text, setText] = useState(() => kept(DRAFT) ?? "");
  const box = useRef<HTMLTextAreaElement>(null);
  const size = text.length > BYTES_MAX / 4 ? bytes.encode(text).length : 0;
  const sendable = text.trim() !== "" && size <= BYTES_MAX;

  useEffect(() => keep(DRAFT, text), [text]);
  useEffect(() => grow(box.current), [text]);
  useEffect(() => onWidth(box.current, grow), []);

  const send = (event?: FormEvent) => {
    event?.preventDefault();
    if (!sendable) return;
    props.onSend(text);
    setText("");
    box.current?.focus();
  };
  const keys = (event: KeyboardEvent) => {
    // While a person composes a character (Japanese, Chinese, ...), Enter belongs to that.
    if (event.key === "Enter" && !event.shiftKey && !isComposing(event.nativeEvent)) send(event as unknown as FormEvent);
  };
  return (
    <form className="composer" onSubmit={send}>
      <label htmlFor="message" className="hidden">
        {T.label}
      </label>
      <textarea
        id="message"
        ref={box}
        rows={1}
        dir="auto"
        value={text}
        placeholder={T.placeholder}
        aria-describedby="composer-hint"
        aria-invalid={size > BYTES_MAX}
        aria-keyshortcuts="Control+/ Meta+/"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={keys}
        autoFocus
      />
      <div className="buttons">
        {props.running && <StopButtons stopping={props.stopping} onStop={props.onStop} />}
        <button type="submit" className="primary" disabled={!sendable} aria-label={T.send} title={T.send}>
          <Icon name="send" />
        </button>
      </div>
      <p id="composer-hint" aria-live="polite" className={size > BYTES_MAX ? "hint problem" : "hint"}>
        {size > BYTES_MAX ? say(T.tooLong, { n: Math.ceil(size / 1024), max: BYTES_MAX / 1024 }) : T.hint}
      </p>
    </form>
  );
}

/** Their names are attributes too: on a narrow screen only the icons are drawn. */
function StopButtons({ stopping, onStop }: { stopping: boolean; onStop: (effects: "keep" | "undo") => void }) {
  const stop = stopping ? T.stopping : T.stop;
  const common = { type: "button", disabled: stopping } as const;
  return (
    <>
      <button {...common} className="undo" onClick={() => onStop("undo")} aria-label={T.stopUndo} title={T.stopUndo}>
        <Icon name="undo" />
        <span>{T.stopUndo}</span>
      </button>
      <button {...common} className="stop" onClick={() => onStop("keep")} aria-label={stop} title={stop} aria-keyshortcuts="Escape">
        <Icon name="stop" />
        <span>{stop}</span>
      </button>
    </>
  );
}

/** Tells when there is another width for words in `box`: the window's, or what the buttons beside them leave. */
function onWidth(box: HTMLTextAreaElement | null, tell: (box: HTMLTextAreaElement) => void): (() => void) | undefined {
  if (!box) return undefined;
  let known = 0;
  const sizes = new ResizeObserver(([entry]) => {
    if (!entry || entry.contentRect.width === known) return;
    known = entry.contentRect.width;
    requestAnimationFrame(() => tell(box)); // a browser complains about observers that change what they observe
  });
  sizes.observe(box);
  return () => sizes.disconnect();
}

/** As high as its text, up to what the stylesheet allows. */
function grow(box: HTMLTextAreaElement | null): void {
  const frame = box?.form;
  if (!box || !frame) return;
  frame.style.height = `${frame.offsetHeight}px`; // what lies above must not move while the text is measured: it would scroll
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight + box.offsetHeight - box.clientHeight}px`; // with its border
  frame.style.height = "";
}
