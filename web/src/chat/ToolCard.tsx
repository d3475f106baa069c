// One tool call as a compact card, which fills in as its workflow proceeds.
import type { DynamicToolUIPart, UIMessage } from "ai";
import { useWorkflow } from "../api/tasks";
import { TEXTS, say } from "../texts";
import { Icon } from "../ui/Icon";
import { moment } from "../ui/time";
import { Steps } from "./Steps";
import { type Progress, argumentsOf, progressOf, taskOf } from "./parts";

const T = TEXTS.tool;
type State = "running" | "done" | "failed" | "stopped";

export function ToolCard(props: {
  message: UIMessage;
  part: DynamicToolUIPart;
  growing: boolean;
  onTask: (id: string) => void;
}) {
  const { message, part, growing, onTask } = props;
  const touched = taskOf(part);
  const told = progressOf(message, part.toolCallId);
  const turnedBack = touched?.status === "failed" || touched?.status === "rejected";
  const asked = useWorkflow(touched?.id ?? "", !growing && told === null && turnedBack);
  const progress: Progress | null = told ?? asked.data ?? null;
  const state = stateOf(part, growing, progress?.status ?? touched?.status ?? null);
  const title = titleOf(part, touched?.task?.title);
  return (
    <section className={`tool ${state}`} aria-label={`${nameOf(part)}: ${T[state]}`}>
      <header>
        <Icon name={state === "done" ? "check" : state === "running" ? "dot" : "cross"} />
        <strong>{nameOf(part)}</strong>
        {touched && title ? (
          <button type="button" className="link" onClick={() => onTask(touched.id)} aria-label={say(T.open, { title })}>
            {title}
          </button>
        ) : (
          <span className="muted">{title}</span>
        )}
        <span className="state">{T[state]}</span>
      </header>
      <Facts part={part} />
      {progress && (state !== "done" || growing) && <Steps steps={progress.steps} status={progress.status} />}
      {progress && state === "done" && !growing && (
        <details>
          <summary>{T.steps}</summary>
          <Steps steps={progress.steps} status={progress.status} />
        </details>
      )}
      {part.state === "output-error" && <p className="problem">{part.errorText}</p>}
    </section>
  );
}

const nameOf = (part: DynamicToolUIPart): string => T.names[part.toolName] ?? part.toolName;

function titleOf(part: DynamicToolUIPart, known: string | undefined): string {
  if (known) return known;
  const given = Object.fromEntries(argumentsOf(part));
  return given.title ?? given.task_id ?? given.workflow_id ?? "";
}

function stateOf(part: DynamicToolUIPart, growing: boolean, workflow: string | null): State {
  if (part.state === "output-error" || part.state === "output-denied") return "failed";
  if (part.state === "output-available") return workflow === "failed" || workflow === "rejected" ? "failed" : "done";
  return growing ? "running" : "stopped";
}

/** Who and when, as the model asked for it. */
function Facts({ part }: { part: DynamicToolUIPart }) {
  const given = Object.fromEntries(argumentsOf(part));
  const facts = [given.assignee, given.status && statusText(given.status), given.deadline && when(given.deadline)].filter(Boolean);
  return facts.length > 0 ? <p className="facts">{facts.join(" · ")}</p> : null;
}

const statusText = (status: string): string => (TEXTS.tasks.status as Record<string, string>)[status] ?? status;
const when = (text: string): string => (Number.isNaN(Date.parse(text)) ? text : moment(text));
