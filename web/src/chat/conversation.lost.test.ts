// What was sent when the service died, may be admitted: the answer to the post was lost, and only a repeat tells.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Unreachable } from "../api/http";
import { lookedAt } from "../api/visible.fixtures";
import { storage } from "../kept.fixtures";
import { arrange } from "./arrange";
import { Conversation } from "./conversation";
import * as wire from "./wire";

/** How those pauses end that are under way; by themselves none does. */
const { pauses } = vi.hoisted(() => ({ pauses: new Set<() => void>() }));

vi.mock("./wire");
vi.mock("../api/pause", () => ({
  backoff: () => 0,
  pause: (_: number, signal?: AbortSignal) =>
    new Promise<void>((resolve) => {
      pauses.add(resolve);
      signal?.addEventListener("abort", () => resolve());
    }),
}));

const service = vi.mocked(wire);
const gone = new Unreachable("gone");
const stream = (turn: string) => new Response("", { headers: { "X-Turn-Id": turn } });

const exchange = (turn: string, over: Partial<wire.Told> = {}): wire.Message[] => {
  const metadata: wire.Told = { turn_id: turn, status: "completed", ...over };
  return [
    { id: `${turn}.user`, role: "user", parts: [{ type: "text", text: "hi" }], metadata },
    { id: turn, role: "assistant", parts: [{ type: "text", text: "Done." }], metadata },
  ];
};

let conversation: Conversation;
let seen: Set<string>; // how the conversation has looked, from when it was loaded on

beforeEach(() => {
  storage();
  lookedAt();
  pauses.clear();
  seen = new Set();
  service.join.mockResolvedValue(null);
  service.read.mockResolvedValue();
  conversation = new Conversation("main", () => undefined);
  conversation.subscribe(() => {
    const { view } = conversation;
    if (view.messages.length > 0) seen.add(arrange(view).map(({ kind }) => kind).join(" "));
  });
});
afterEach(() => {
  vi.resetAllMocks();
  vi.unstubAllGlobals();
});

/** "hi" was sent, and the connection is gone; `messages` are stored. */
async function lost(messages: wire.Message[]): Promise<void> {
  service.post.mockRejectedValueOnce(gone);
  service.history.mockResolvedValue({ messages, next: null });
  conversation.send("hi");
  await vi.waitUntil(() => pauses.size > 0);
}

const isKnown = () => conversation.view.outgoing.length === 0 && conversation.view.messages.length > 0;

it("it is shown once when the page is live again, and at once", async () => {
  await lost(exchange("t"));
  service.post.mockResolvedValue(stream("t"));
  conversation.reconnect();
  await vi.waitUntil(isKnown);
  expect([...seen]).toEqual(["question answer"]);
});

it("it is shown once, too, when it has got another answer meanwhile, whose turn the history tells instead", async () => {
  await lost(exchange("t2", { regenerates: "t" }));
  service.post.mockResolvedValue(stream("t"));
  conversation.reconnect();
  await vi.waitUntil(isKnown);
  expect([...seen]).toEqual(["question answer"]);
});

it("the history does not wait for long for what does not come", async () => {
  await lost(exchange("t"));
  service.post.mockReturnValue(new Promise(() => undefined));
  conversation.reconnect();
  await vi.waitUntil(() => service.post.mock.calls.length === 2);
  expect(service.history).not.toHaveBeenCalled();
  for (const end of pauses) end();
  await vi.waitUntil(() => conversation.view.messages.length > 0);
});

it("a look that waits for its next attempt is made when the page is live again", async () => {
  service.history.mockResolvedValue({ messages: exchange("t"), next: null });
  service.join.mockRejectedValueOnce(gone);
  conversation.look();
  await vi.waitUntil(() => pauses.size > 0);
  conversation.reconnect();
  await vi.waitUntil(() => conversation.view.messages.length > 0);
});
