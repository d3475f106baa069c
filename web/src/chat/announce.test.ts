import { describe, expect, it } from "vitest";
import { beingGiven, ended, queued, waiting } from "./announce";
import type { Message, Told } from "./wire";

const answer = (id: string, status: Told["status"], over: Partial<Told> = {}): Message => ({
  id,
  role: "assistant",
  parts: [{ type: "text", text: `text of ${id}` }],
  metadata: { turn_id: id, status, ...over },
});
const failure = { code: "quota", message: "no quota", retryable: true };
const told = (awaited: string[], messages: Message[], live: Message | null = null) => [...ended(awaited, messages, live).values()];

describe("announcements", () => {
  it("tell an answer when it ends, though others wait behind it", () => {
    const messages = [answer("t1", "completed"), answer("t2", "queued")];
    expect(told(["t1"], messages)).toEqual(["Task Agent has answered: text of t1"]);
  });

  it("wait until the answer that grows is whole", () => {
    expect(told(["t1"], [answer("t1", "running")])).toEqual([]);
    expect(told(["t1"], [answer("t1", "completed")], answer("t1", "running"))).toEqual([]);
  });

  it("tell a failure as such, with its reason, and a stop as a stop", () => {
    expect(told(["t1"], [answer("t1", "failed", { error: failure })])).toEqual(["There is no answer: no quota"]);
    expect(told(["t1"], [answer("t1", "cancelled")])).toEqual(["Stopped"]);
  });

  it("do not tell what was there before", () => {
    expect(told([], [answer("t1", "completed")])).toEqual([]);
    expect(beingGiven([answer("t1", "completed"), answer("t2", "running"), answer("t3", "queued")], null)).toEqual(["t2"]);
  });
});

describe("what waits", () => {
  const question = (status: Told["status"]): Message => ({ ...answer("q", status), role: "user" });

  it("is counted by its messages, not by the answers that are still empty", () => {
    expect(waiting([question("running"), answer("t1", "running"), question("queued"), answer("t2", "queued")])).toBe(1);
  });

  it("is told with how many answers come before it", () => {
    expect([1, 3].map(queued)).toEqual(["Waits for the answer above", "Waits for 3 answers above"]);
  });
});
