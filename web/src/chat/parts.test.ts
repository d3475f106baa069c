import type { DynamicToolUIPart } from "ai";
import { describe, expect, it } from "vitest";
import { type Progress, leftRunning, spoken } from "./parts";

const call = (toolName: string, status: string): DynamicToolUIPart => ({
  type: "dynamic-tool",
  toolName,
  toolCallId: "c1",
  state: "output-available",
  input: {},
  output: { task_id: "t-1", workflow_id: "task-workflow-t-1", status },
});
const told = (status: Progress["status"]): Progress => ({ task_id: "t-1", status, steps: [] });

describe("leftRunning", () => {
  it("is the task whose workflow nobody here has seen end", () => {
    expect(leftRunning(call("create_task", "running"), null)).toBe("t-1");
    expect(leftRunning(call("create_task", "running"), told("running"))).toBe("t-1");
  });

  it("is none once its end is known, by the result or by the stream", () => {
    expect(leftRunning(call("create_task", "failed"), null)).toBeNull();
    expect(leftRunning(call("create_task", "completed"), told("running"))).toBeNull();
    expect(leftRunning(call("create_task", "running"), told("failed"))).toBeNull();
  });

  it("is none for a call that only looked", () => {
    expect(leftRunning(call("get_workflow_status", "running"), null)).toBeNull();
  });
});

describe("spoken", () => {
  it.each([
    ["Task not found (task_not_found)", "Task not found"],
    ["It is due on Monday (the 4th)", "It is due on Monday (the 4th)"],
    ["It has no end (yet) (no_end)", "It has no end (yet)"],
    ['{"odd":1}', '{"odd":1}'],
  ])("leaves the code of %s to programs", (refusal, words) => expect(spoken(refusal)).toBe(words));
});
