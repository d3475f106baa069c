// One tool call as a compact card, which fills in as its workflow proceeds.
import type { DynamicToolUIPart, UIMessage } from "ai";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { isUntold, processingTold, useWorkflow } from "../api/processing";
import type { Task } from "../api/types";
import { TEXTS, say } from "../texts";
import { Icon, type IconName } from "../ui/Icon";
import { moment } from "../ui/time";
import { Steps } from "./Steps";
import { type Progress, argumentsOf, leftRunning, outcomeOf, progressOf, spoken, taskOf } from "./parts";

const T = TEXTS.tool;
type State = "running" | "done" | "failed" | "stopped" | "untold";
const ICONS: Record<State, IconName> = { running: "dot", done: "check", failed: "cross", stopped: "cross", untold: "alert" };

export function ToolCard(props: {
  message: UIMessage;
  part: DynamicToolUIPart;
  growing: boolean;
  onTask: (id: string) => void;
}) {
  const { message, part, growing, onTask } = props;
  const client = useQueryClient();
  const touched = taskOf(part);
  const told = progressOf(message, part.toolCallId);
  const left = leftRunning(part, told);
  const found = useWorkflow(left ?? "", left !== null); // the stream does not tell how that ends, and the turn may be over
  const progress = left === null ? told : (found.data ?? told);
  const goesOn = left !== null && (progress?.status ?? "running") === "running";
  const known = stateOf(part, growing, goesOn, outcomeOf(part, progress));
  const state = isUntold(found) ? "untold" : known;
  const title = titleOf(part, touched?.task?.title);
  useEffect(() => {
    if (told && left === null) processingTold(client, told);
  }, [client, told, left]);
  return (
    // No landmark: there may be many of the same name.
    <div className={`tool ${state}`} role="group" aria-label={`${nameOf(part)}: ${T[state]}`}>
      <header>
        <Icon name={ICONS[state]} />
        <strong>{nameOf(part)}</strong>
        {touched && title ? (
          <button type="button" className="link" dir="auto" onClick={() => onTask(touched.id)} aria-label={say(T.open, { title })}>
            {title}
          </button>
        ) : (
          <span className="muted" dir="auto">
            {title}
          </span>
        )}
        <span className="state">{T[state]}</span>
      </header>
      <Facts part={part} task={touched?.task ?? null} />
      <Processing
        task={touched?.status ? touched.id : null}
        told={progress}
        open={(state !== "done" && state !== "stopped") || (growing && progress !== null)}
      />
      {state === "untold" && <p className="untold">{T.untoldWhy}</p>}
      {part.state === "output-error" && <p className="problem">{spoken(part.errorText)}</p>}
    </div>
  );
}

/** The steps of the task's workflow: as the stream tells them, and later, when somebody looks, as the service does. */
function Processing({ task, told, open }: { task: string | null; told: Progress | null; open: boolean }) {
  const [opened, setOpened] = useState(false);
  const asked = useWorkflow(task ?? "", task !== null && told === null && (open || opened));
  const progress = told ?? asked.data;
  const steps = progress && <Steps steps={progress.steps} goesOn={progress.status === "running" && !isUntold(asked)} />;
  if (open) return steps;
  if (task === null && told === null) return null;
  return (
    <details onToggle={(event) => setOpened(event.currentTarget.open)}>
      <summary>{T.steps}</summary>
      {steps}
    </details>
  );
}

const nameOf = (part: DynamicToolUIPart): string => T.names[part.toolName] ?? part.toolName;

function titleOf(part: DynamicToolUIPart, known: string | undefined): string {
  if (known) return known;
  const given = Object.fromEntries(argumentsOf(part));
  return given.title ?? given.task_id ?? given.workflow_id ?? "";
}

function stateOf(part: DynamicToolUIPart, growing: boolean, goesOn: boolean, workflow: string | null): State {
  if (part.state === "output-error" || part.state === "output-denied") return "failed";
  if (goesOn) return "running";
  if (part.state === "output-available") return workflow === "failed" || workflow === "rejected" ? "failed" : "done";
  return growing ? "running" : "stopped";
}

/** Who and when: as the task has it, and until there is one as the model asked for it. */
function Facts({ part, task }: { part: DynamicToolUIPart; task: Task | null }) {
  const given = Object.fromEntries(argumentsOf(part));
  const deadline = task?.deadline ?? given.deadline;
  const facts = [task?.assignee ?? given.assignee, given.status && statusText(given.status), deadline && when(deadline)];
  const told = facts.filter(Boolean).join(" · ");
  return told ? <p className="facts">{told}</p> : null;
}

const statusText = (status: string): string => (TEXTS.tasks.status as Record<string, string>)[status] ?? status;
const when = (text: string): string => (Number.isNaN(Date.parse(text)) ? text : moment(text));
