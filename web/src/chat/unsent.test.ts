import { afterEach, expect, it, vi } from "vitest";
import { storage } from "../kept.fixtures";
import { keepUnsent, keptUnsent } from "./unsent";
import type { Outgoing } from "./view";

afterEach(() => vi.unstubAllGlobals());

const outgoing = (id: string, state: Outgoing["state"]): Outgoing => ({
  message: { id, role: "user", parts: [{ type: "text", text: id }] },
  state,
});
const forbidden = () => {
  throw new DOMException("denied", "SecurityError");
};

it("is what the service does not have yet", () => {
  storage();
  keepUnsent([outgoing("a", "sent"), outgoing("b", "failed"), outgoing("c", "sending")]);
  expect(keptUnsent().map(({ message }) => message.id)).toEqual(["b", "c"]);
});

it.each(["{", "null", "7", '{"a":1}', '[null, 1, "x", {}, {"state":"sending"}, {"state":"sent","message":{"id":"a","parts":[]}}]'])(
  "is nothing of what is damaged: %s",
  (damaged) => {
    storage().set("task-agent.unsent", damaged);
    expect(keptUnsent()).toEqual([]);
  },
);

it("is nothing where the browser forbids to keep anything", () => {
  storage({ getItem: forbidden, setItem: forbidden, removeItem: forbidden });
  keepUnsent([outgoing("a", "sending")]);
  expect(keptUnsent()).toEqual([]);
});

it("is nothing, rather than what was before, when there is no room left", () => {
  const kept = storage();
  keepUnsent([outgoing("a", "sending")]);
  expect(keptUnsent()).toHaveLength(1);
  vi.unstubAllGlobals();
  vi.stubGlobal("sessionStorage", { getItem: (key: string) => kept.get(key) ?? null, removeItem: (key: string) => kept.delete(key), setItem: forbidden });
  keepUnsent([outgoing("a", "sending"), outgoing("b", "sending")]);
  expect(keptUnsent()).toEqual([]);
});
