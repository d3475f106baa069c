import { expect, it } from "vitest";
import { catchingUp } from "./rejoined";
import type { Message } from "./wire";

const said = (text: string, ...more: Message["parts"]): Message => ({
  id: "t",
  role: "assistant",
  parts: [{ type: "step-start" }, { type: "text", text }, ...more],
});
const called: Message["parts"][number] = {
  type: "dynamic-tool",
  toolName: "list_tasks",
  toolCallId: "c1",
  state: "input-available",
  input: {},
};

/** What `shown` lets through of a replay. */
const through = (shown: Message | null, ...replay: Message[]) => replay.filter(catchingUp(shown));

it("waits for a replay to get as far as what is shown", () => {
  const [less, same, more] = [said("One"), said("One two"), said("One two three")];
  expect(through(said("One two"), less, same, more)).toEqual([same, more]);
});

it("waits for a call of a tool as well as for words", () => {
  const [less, same] = [said("One"), said("One", called)];
  expect(through(said("One", called), less, same)).toEqual([same]);
});

it("lets a step that was begun again make it shorter", () => {
  const [same, restarted] = [said("One two"), said("O")];
  expect(through(said("One two"), said("One"), same, restarted)).toEqual([same, restarted]);
});

it("does not hold back what is another answer, or the first that is shown", () => {
  const other = { ...said("O"), id: "t2" };
  expect(through(said("One two"), other)).toEqual([other]);
  expect(through(null, other)).toEqual([other]);
});
