// A task's processing, step by step as it happened: done, failed, and in red what was undone, in its order.
import type { StepName, WorkflowStep } from "../api/types";
import { TEXTS } from "../texts";
import { Icon, type IconName } from "../ui/Icon";

const ORDER: StepName[] = ["validate", "create", "assign", "reminder", "notify"];
const T = TEXTS.steps;

/** `goesOn`: more of them are to come. */
export function Steps({ steps, goesOn }: { steps: WorkflowStep[]; goesOn: boolean }) {
  const seen = new Set(steps.map((step) => step.name));
  const turnedBack = steps.some((step) => step.undo || step.state === "failed");
  const waiting = goesOn && !turnedBack ? ORDER.filter((name) => !seen.has(name)) : [];
  return (
    <ol className="steps" aria-label={TEXTS.tool.steps}>
      {steps.map((step, index) => (
        <li key={`${index} ${step.name}`} className={kind(step)}>
          <Icon name={icon(step)} />
          <span>
            {label(step)}
            {step.detail && <small>{step.detail}</small>}
          </span>
        </li>
      ))}
      {waiting.map((name, index) => (
        <li key={name} className={index === 0 ? "waiting next" : "waiting"}>
          <Icon name="dot" />
          <span>{T.waiting[name]}</span>
        </li>
      ))}
    </ol>
  );
}

const kind = (step: WorkflowStep): string => (step.undo ? "undo" : step.state);

function icon(step: WorkflowStep): IconName {
  if (step.state === "skipped") return "skip";
  if (step.state === "failed") return "cross";
  return step.undo ? "undo" : "check";
}

function label(step: WorkflowStep): string {
  if (!step.undo) return step.state === "failed" ? T.failed[step.name] : T.done[step.name];
  const undone = T.undone[step.name];
  if (step.state === "done") return undone;
  return `${undone}: ${step.state === "failed" ? T.failedUndo : T.skippedUndo}`;
}
