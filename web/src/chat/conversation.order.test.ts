// The history is asked for on several occasions, and answers may overtake each other.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Unreachable } from "../api/http";
import { lookedAt } from "../api/visible.fixtures";
import { storage } from "../kept.fixtures";
import { Conversation } from "./conversation";
import * as wire from "./wire";

vi.mock("./wire");
vi.mock("../api/pause", () => ({ backoff: () => 0, pause: () => new Promise((resolve) => setTimeout(resolve)) }));

const service = vi.mocked(wire);
const settled = () => new Promise((resolve) => setTimeout(resolve));

/** A page of history with one exchange. */
function page(status: wire.Told["status"], text = ""): wire.Page {
  const metadata = { turn_id: "t", status };
  return {
    messages: [
      { id: "t.user", role: "user", parts: [{ type: "text", text: "hi" }], metadata },
      { id: "t", role: "assistant", parts: text ? [{ type: "text", text }] : [], metadata },
    ],
    next: null,
  };
}

/** What was asked for, in that order, until the test answers it. */
let asked: { answer(page: wire.Page): void; fail(error: Error): void }[];
let end: () => void; // of the answer that is being read

beforeEach(() => {
  storage();
  lookedAt();
  asked = [];
  service.history.mockImplementation(() => new Promise((answer, fail) => asked.push({ answer, fail })));
  service.join.mockResolvedValue(null);
  service.stop.mockResolvedValue(null);
  service.post.mockResolvedValue(new Response("", { headers: { "X-Turn-Id": "t" } }));
  service.read.mockImplementation((_, show) => {
    show(page("running", "so far").messages[1] as wire.Message);
    return new Promise((resolve) => (end = resolve));
  });
});
afterEach(() => {
  vi.resetAllMocks();
  vi.unstubAllGlobals();
});

/** A conversation whose answer has ended; the history was asked for when it began and when it ended, and has not answered yet. */
async function ended(): Promise<Conversation> {
  const conversation = new Conversation("main", () => undefined);
  conversation.send("hi");
  await vi.waitUntil(() => conversation.view.live);
  end();
  await vi.waitUntil(() => asked.length === 2);
  return conversation;
}

const status = (conversation: Conversation) => conversation.view.messages.at(-1)?.metadata?.status;

describe("a page of history", () => {
  it("that is late does not put a finished answer back to one that runs", async () => {
    const conversation = await ended();
    asked[1]?.answer(page("completed", "whole"));
    await vi.waitUntil(() => status(conversation) === "completed");
    asked[0]?.answer(page("running"));
    await settled();
    expect(status(conversation)).toBe("completed");
  });

  it("is taken in its turn, whatever came of the one before", async () => {
    const conversation = await ended();
    asked[0]?.answer(page("running"));
    await vi.waitUntil(() => status(conversation) === "running");
    asked[1]?.answer(page("completed", "whole"));
    await vi.waitUntil(() => status(conversation) === "completed");
  });

  it("is taken though a later one failed", async () => {
    const conversation = await ended();
    asked[1]?.fail(new Unreachable("restarting"));
    await settled();
    asked[0]?.answer(page("running"));
    await vi.waitUntil(() => status(conversation) === "running");
  });

  it("that is late ends what was seen to grow: the newer one has it", async () => {
    const conversation = await ended();
    void conversation.withdraw("another");
    await vi.waitUntil(() => asked.length === 3);
    asked[2]?.answer(page("completed", "whole"));
    await vi.waitUntil(() => status(conversation) === "completed");
    expect(conversation.view.live).not.toBeNull();
    asked[1]?.answer(page("completed", "whole"));
    await vi.waitUntil(() => conversation.view.live === null);
    expect(status(conversation)).toBe("completed");
  });
});
