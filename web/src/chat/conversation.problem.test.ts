// What did not work is said until something does.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Problem } from "../api/http";
import { lookedAt } from "../api/visible.fixtures";
import { Conversation } from "./conversation";
import * as wire from "./wire";

vi.mock("./wire");
const service = vi.mocked(wire);

beforeEach(() => {
  vi.stubGlobal("sessionStorage", { getItem: () => null, setItem: () => undefined });
  lookedAt();
  service.join.mockResolvedValue(null);
  service.history.mockResolvedValue({ messages: [], next: null });
});
afterEach(() => {
  vi.resetAllMocks();
  vi.unstubAllGlobals();
});

async function refused(): Promise<Conversation> {
  const conversation = new Conversation("main", () => undefined);
  service.stop.mockRejectedValueOnce(new Problem(409, "turn_ended", "It has ended."));
  await conversation.withdraw("t1");
  expect(conversation.view.problem).toBe("It has ended.");
  return conversation;
}

it("until the next thing has worked", async () => {
  const conversation = await refused();
  service.stop.mockResolvedValueOnce({});
  await conversation.withdraw("t2");
  expect(conversation.view.problem).toBeNull();
});

it("until the page is live again", async () => {
  const conversation = await refused();
  conversation.reconnect();
  expect(conversation.view.problem).toBeNull();
});
