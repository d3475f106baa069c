import type { UIMessage } from "ai";
import { describe, expect, it } from "vitest";
import { merge } from "./merge";

const message = (id: string, text = id): UIMessage => ({ id, role: "user", parts: [{ type: "text", text }] });
const texts = (messages: UIMessage[]) => messages.map((m) => (m.parts[0]?.type === "text" ? m.parts[0].text : ""));

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
});
