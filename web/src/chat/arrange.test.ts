import { describe, expect, it } from "vitest";
import { type Item, arrange } from "./arrange";
import type { Outgoing } from "./view";
import type { Message, Told } from "./wire";

const turn = (id: string, status: Told["status"]): Message[] => [
  { id: `${id}.user`, role: "user", parts: [{ type: "text", text: id }], metadata: { turn_id: id, status } },
  { id, role: "assistant", parts: [], metadata: { turn_id: id, status } },
];
const live = (id: string): Message => ({ id, role: "assistant", parts: [{ type: "text", text: "so far" }] });
const outgoing = (id: string, ofTurn?: string): Outgoing => ({
  message: { id, role: "user", parts: [] },
  state: "sending",
  ...(ofTurn ? { turn: ofTurn } : {}),
});
const told = (items: Item[]) =>
  items.map((i) => (i.kind === "outgoing" ? `out ${i.outgoing.message.id}` : `${i.kind} ${i.message.id}${"growing" in i && i.growing ? "+" : ""}`));

describe("arrange", () => {
  it("puts the answer that grows in its place, before what waits", () => {
    const messages = [...turn("t1", "completed"), ...turn("t2", "running"), ...turn("t3", "queued")];
    expect(told(arrange({ messages, live: live("t2"), outgoing: [outgoing("m4")] }))).toEqual([
      "question t1.user", "answer t1", "question t2.user", "answer t2+", "question t3.user", "out m4",
    ]);
  });

  it("shows it behind its question while history does not know either", () => {
    const items = arrange({ messages: turn("t1", "completed"), live: live("t2"), outgoing: [outgoing("m2", "t2"), outgoing("m3")] });
    expect(told(items)).toEqual(["question t1.user", "answer t1", "out m2", "answer t2+", "out m3"]);
  });

  it("shows one that runs elsewhere as growing, though nothing of it is known yet", () => {
    expect(told(arrange({ messages: turn("t1", "running"), live: null, outgoing: [] }))).toEqual(["question t1.user", "answer t1+"]);
  });

  it("counts the answers that come before that of a message which waits", () => {
    const messages = [...turn("t1", "completed"), ...turn("t2", "running"), ...turn("t3", "queued"), ...turn("t4", "queued")];
    const ahead = arrange({ messages, live: live("t2"), outgoing: [] }).map((i) => (i.kind === "question" ? i.ahead : null));
    expect(ahead.filter((n) => n !== null)).toEqual([0, 0, 1, 2]);
  });

  it("never shows an answer twice, and never loses one", () => {
    expect(told(arrange({ messages: [], live: live("t9"), outgoing: [] }))).toEqual(["answer t9+"]);
  });
});
