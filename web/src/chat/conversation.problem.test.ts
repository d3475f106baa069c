// What did not work is said until something does.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
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

describe("a look that failed", () => {
  const broken = new Problem(500, "internal", "It is broken.");

  it("is said until one works", async () => {
    const conversation = new Conversation("main", () => undefined);
    service.join.mockRejectedValueOnce(broken);
    conversation.look();
    await vi.waitUntil(() => conversation.view.problem === "It is broken.");
    await vi.waitUntil(() => conversation.view.loaded);
    conversation.look();
    await vi.waitUntil(() => conversation.view.problem === null);
  });

  it("is said until an answer can be read", async () => {
    const conversation = new Conversation("main", () => undefined);
    service.join.mockRejectedValueOnce(broken);
    conversation.look();
    await vi.waitUntil(() => conversation.view.loaded);
    service.join.mockResolvedValueOnce(new Response(""));
    service.read.mockReturnValue(new Promise(() => undefined));
    conversation.look();
    await vi.waitUntil(() => conversation.view.running);
    expect(conversation.view.problem).toBeNull();
  });
});

it("until something that was asked for works: that looks do is no answer", async () => {
  const conversation = await refused();
  service.history.mockClear();
  conversation.look();
  await vi.waitUntil(() => service.history.mock.calls.length > 0);
  await new Promise((resolve) => setTimeout(resolve)); // after whatever comes of it by itself
  expect(conversation.view.problem).toBe("It has ended.");
});
