import { describe, expect, it } from "vitest";
import { merge } from "./merge";
import type { Message } from "./wire";

const message = (id: string, text = id): Message => ({ id, role: "user", parts: [{ type: "text", text }] });
const texts = (messages: Message[]) => messages.map((m) => (m.parts[0]?.type === "text" ? m.parts[0].text : ""));

describe("merge", () => {
  it("keeps what is older than the page", () => {
    expect(texts(merge(["a", "b", "c"].map((id) => message(id)), ["b", "c", "d"].map((id) => message(id))))).toEqual(["a", "b", "c", "d"]);
  });

  it("takes what has changed from the page, and keeps the very object of what has not", () => {
    const known = [message("a"), message("b")];
    const merged = merge(known, [message("a"), message("b", "changed")]);
    expect(texts(merged)).toEqual(["a", "changed"]);
    expect(merged[0]).toBe(known[0]);
  });

  it("forgets what was known when the page does not touch it: there may be a gap, or all was cleared", () => {
    expect(texts(merge([message("a")], [message("x")]))).toEqual(["x"]);
    expect(merge([message("a")], [])).toEqual([]);
  });

  it("keeps the words of an answer that was stopped until the record has them", () => {
    const stopped = (text: string): Message => ({ ...message("a", text), role: "assistant", metadata: { turn_id: "a", status: "cancelled" } });
    const seen = merge([message("a", "")], [stopped("")], message("a", "so far"));
    expect(texts(seen)).toEqual(["so far"]);
    expect(seen[0]?.metadata?.status).toBe("cancelled");
    expect(merge(seen, [stopped("")])[0]).toBe(seen[0]);
    expect(texts(merge(seen, [stopped("so far, and more")]))).toEqual(["so far, and more"]);
  });
});
