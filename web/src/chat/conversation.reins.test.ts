// What a person asks for while an answer is given, and the service is not always there to hear it.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Problem, Unreachable } from "../api/http";
import { ATTEMPTS } from "../api/persist";
import { lookedAt } from "../api/visible.fixtures";
import { storage } from "../kept.fixtures";
import { Conversation } from "./conversation";
import * as wire from "./wire";

vi.mock("./wire");
vi.mock("../api/pause", () => ({ backoff: () => 0, pause: () => new Promise((resolve) => setTimeout(resolve)) }));

const service = vi.mocked(wire);
const restarting = new Unreachable("restarting");
const broken = new Problem(500, "internal", "It is broken.");
const stream = (turn: string) => new Response("", { headers: { "X-Turn-Id": turn } });
const settled = () => new Promise((resolve) => setTimeout(resolve));

/** A message and what is stored of its answer. */
function exchange(turn: string, status: wire.Told["status"]): wire.Message[] {
  const metadata = { turn_id: turn, status };
  return [
    { id: `${turn}.user`, role: "user", parts: [{ type: "text", text: "hi" }], metadata },
    { id: turn, role: "assistant", parts: [], metadata },
  ];
}

let end: () => void; // of the answer that is being read

beforeEach(() => {
  storage();
  lookedAt();
  service.history.mockResolvedValue({ messages: [], next: null });
  service.join.mockResolvedValue(null);
  service.read.mockImplementation(() => new Promise((resolve) => (end = resolve)));
  service.stop.mockResolvedValue(null);
});
afterEach(() => {
  vi.resetAllMocks();
  vi.unstubAllGlobals();
});

/** A conversation whose message was just admitted as turn "t"; nothing of its answer has come. */
async function sent(): Promise<Conversation> {
  const conversation = new Conversation("main", () => undefined);
  service.post.mockResolvedValue(stream("t"));
  conversation.send("hi");
  await vi.waitUntil(() => conversation.view.running);
  return conversation;
}

async function over(conversation: Conversation, status: wire.Told["status"]): Promise<void> {
  service.history.mockResolvedValue({ messages: exchange("t", status), next: null });
  end();
  await vi.waitUntil(() => !conversation.view.running);
}

describe("stop", () => {
  it("stops an answer that has not said a word, nor is in the history yet", async () => {
    const conversation = await sent();
    await conversation.stop("undo");
    expect(service.stop.mock.calls).toEqual([["main", "t", "undo"]]);
    expect(conversation.view.stopping).toBe(true);
    await over(conversation, "cancelled");
    expect(conversation.view.stopping).toBe(false);
  });

  it("stops an answer that has not said a word, of which the history tells", async () => {
    service.history.mockResolvedValue({ messages: exchange("t", "running"), next: null });
    const conversation = await sent();
    await vi.waitUntil(() => conversation.view.messages.length > 0);
    await conversation.stop();
    expect(service.stop.mock.calls).toEqual([["main", "t", "keep"]]);
    await over(conversation, "cancelled");
  });

  it("is asked for until the service has heard it, and said to be under way meanwhile", async () => {
    const conversation = await sent();
    const heard: unknown[] = [];
    const answers = [restarting, new Problem(503, "stopping", "stopping"), null];
    service.stop.mockImplementation(async () => {
      heard.push([conversation.view.stopping, conversation.view.problem]);
      const answer = answers.shift();
      if (answer) throw answer;
    });
    await conversation.stop();
    expect(heard).toEqual([[true, null], [true, null], [true, null]]);
    await over(conversation, "cancelled");
    expect(conversation.view).toMatchObject({ stopping: false, problem: null });
  });

  it("is not asked for any more once the answer has ended by itself, and that is no problem", async () => {
    const conversation = await sent();
    service.stop.mockImplementation(async () => {
      await over(conversation, "completed");
      throw restarting;
    });
    await conversation.stop();
    expect(service.stop).toHaveBeenCalledTimes(1);
    expect(conversation.view).toMatchObject({ stopping: false, problem: null });
  });

  it("is given up in the end, and at once when it is refused", async () => {
    const conversation = await sent();
    service.stop.mockRejectedValue(restarting);
    await conversation.stop();
    expect(service.stop).toHaveBeenCalledTimes(ATTEMPTS);
    expect(conversation.view).toMatchObject({ stopping: false, problem: "restarting" });
    service.stop.mockClear().mockRejectedValue(broken);
    await conversation.stop();
    expect(service.stop).toHaveBeenCalledTimes(1);
  });
});

describe("what else is asked for", () => {
  it("takes back a message that waits as soon as the service hears it", async () => {
    service.history.mockResolvedValue({ messages: exchange("t", "queued"), next: null });
    const conversation = new Conversation("main", () => undefined);
    conversation.look();
    await vi.waitUntil(() => conversation.view.loaded);
    service.stop.mockRejectedValueOnce(restarting);
    await conversation.withdraw("t");
    expect(service.stop).toHaveBeenCalledTimes(2);
    expect(conversation.view.problem).toBeNull();
  });

  it("asks again as soon as the service hears it, and once, however often that is pressed", async () => {
    const conversation = new Conversation("main", () => undefined);
    const [question] = exchange("t", "completed") as [wire.Message];
    service.postAgain.mockRejectedValueOnce(restarting).mockResolvedValueOnce(stream("t2"));
    await Promise.all([conversation.regenerate(question, "t"), conversation.regenerate(question, "t")]);
    expect(service.postAgain).toHaveBeenCalledTimes(2);
    expect(conversation.view).toMatchObject({ running: true, problem: null });
  });
});

describe("an answer whose stream the service refuses in the middle", () => {
  /** It has begun to grow here; its connection broke, and the service refuses to tell it on. */
  async function refused(history: () => Promise<wire.Page>): Promise<Conversation> {
    const [, answer] = exchange("t", "running") as [wire.Message, wire.Message];
    let cut = () => undefined as void;
    service.read.mockImplementationOnce((_, show) => {
      show(answer);
      return new Promise((_, fail) => (cut = () => fail(restarting)));
    });
    service.join.mockRejectedValue(broken);
    const conversation = new Conversation("main", () => undefined);
    service.post.mockResolvedValue(stream("t"));
    conversation.send("hi");
    await vi.waitUntil(() => conversation.view.live);
    service.history.mockImplementation(history);
    cut();
    await vi.waitUntil(() => conversation.view.problem);
    await vi.waitUntil(() => conversation.view.live === null);
    await settled();
    return conversation;
  }

  it("is shown as it is stored: as running it can be stopped", async () => {
    const conversation = await refused(async () => ({ messages: exchange("t", "running"), next: null }));
    expect(conversation.view).toMatchObject({ running: true, problem: "It is broken." });
    await conversation.stop();
    expect(service.stop.mock.calls).toEqual([["main", "t", "keep"]]);
    await vi.waitUntil(() => !conversation.view.stopping);
  });

  it("does not seem to grow when nothing of it can be had", async () => {
    const conversation = await refused(() => Promise.reject(broken));
    expect(conversation.view).toMatchObject({ running: false, live: null });
  });
});

describe("a message on its way", () => {
  it("is followed by others whatever becomes of what the tab keeps", async () => {
    const full = () => {
      throw new DOMException("no room", "QuotaExceededError");
    };
    storage({ setItem: full });
    service.post.mockImplementation(async (_, { id }) => stream(id));
    const conversation = new Conversation("main", () => undefined);
    for (const text of ["a", "b"]) conversation.send(text);
    await vi.waitUntil(() => conversation.view.outgoing.every(({ state }) => state === "sent"));
    expect(service.post).toHaveBeenCalledTimes(2);
  });
});
