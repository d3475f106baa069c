// How a task was processed, or goes on being; or why that is not to be seen.
import { isMissing } from "../api/http";
import { isUntold, useWorkflow } from "../api/processing";
import { Steps } from "../chat/Steps";
import { TEXTS, say } from "../texts";

const T = TEXTS.task;

export function Processed({ task }: { task: string }) {
  const workflow = useWorkflow(task);
  const { data } = workflow;
  const untold = isUntold(workflow);
  const whyNot = data && !untold ? null : (workflow.failureReason ?? workflow.error); // said while it is tried again, too
  return (
    <>
      <h3>
        {T.processing}
        {data && !untold && <small>{T.processingStatus[data.status]}</small>}
      </h3>
      {data && <Steps steps={data.steps} goesOn={data.status === "running" && !untold} />}
      {whyNot && <Unprocessed why={whyNot} begun={data !== undefined} />}
    </>
  );
}

const Unprocessed = ({ why, begun }: { why: Error; begun: boolean }) =>
  isMissing(why) && !begun ? (
    <p className="muted">{T.noProcessing}</p>
  ) : (
    <p className="problem">{say(T.processingError, { why: why.message })}</p>
  );
