import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Problem, Unreachable } from "../api/http";
import { lookedAt, turnTo } from "../api/visible.fixtures";
import { storage } from "../kept.fixtures";
import { Conversation } from "./conversation";
import * as wire from "./wire";

vi.mock("./wire");
vi.mock("../api/pause", () => ({ backoff: () => 0, pause: () => Promise.resolve() }));

/** A post that the service has in hand, until the test says what becomes of it. */
interface InHand {
  text: string;
  admit(): void;
  fail(error: Error): void;
}

let posted: InHand[];
const texts = () => posted.map(({ text }) => text);
const nth = (n: number) => vi.waitUntil(() => posted[n]);
const service = vi.mocked(wire);

beforeEach(() => {
  storage();
  lookedAt();
  posted = [];
  service.post.mockImplementation((_, message) => {
    const part = message.parts[0];
    const text = part?.type === "text" ? part.text : "";
    const headers = { "X-Turn-Id": `turn of ${text}` };
    return new Promise((resolve, fail) => posted.push({ text, fail, admit: () => resolve(new Response("", { headers })) }));
  });
  service.history.mockResolvedValue({ messages: [], next: null });
  service.join.mockResolvedValue(null);
  service.read.mockReturnValue(new Promise(() => undefined)); // an answer that goes on
});
afterEach(() => {
  vi.resetAllMocks();
  vi.unstubAllGlobals();
});

const opened = () => new Conversation("main", () => undefined);

describe("messages on their way", () => {
  it("are posted in their order, the next once the one before is admitted, whatever attempts that takes", async () => {
    const conversation = opened();
    for (const text of ["a", "b"]) conversation.send(text);
    (await nth(0)).fail(new Unreachable("restarting"));
    (await nth(1)).fail(new Problem(503, "stopping", "stopping"));
    (await nth(2)).admit();
    await nth(3);
    expect(texts()).toEqual(["a", "a", "a", "b"]);
  });

  it("keep their order over a reload", async () => {
    for (const text of ["a", "b"]) opened().send(text);
    const before = posted.length;
    opened();
    expect(texts().slice(before)).toEqual(["a"]);
    (await nth(before)).admit();
    expect((await nth(before + 1)).text).toBe("b");
  });

  it("are posted while an answer is being read", async () => {
    const conversation = opened();
    conversation.send("a");
    (await nth(0)).admit();
    await vi.waitUntil(() => conversation.view.running);
    conversation.send("b");
    expect(texts()).toEqual(["a", "b"]);
  });

  it("do not wait for one that is refused for good, or discarded between its attempts", async () => {
    const conversation = opened();
    for (const text of ["refused", "discarded", "c"]) conversation.send(text);
    (await nth(0)).fail(new Problem(422, "bad", "no"));
    const second = await nth(1);
    const [refused, discarded] = conversation.view.outgoing;
    expect(refused?.state).toBe("failed");
    if (discarded) conversation.discard(discarded);
    second.fail(new Unreachable("gone"));
    await nth(2);
    expect(texts()).toEqual(["refused", "discarded", "c"]);
  });
});

describe("older messages", () => {
  const message = (id: string): wire.Message => ({ id, role: "user", parts: [] });
  const ids = (conversation: Conversation) => conversation.view.messages.map(({ id }) => id);

  it("are loaded once, however often they are asked for meanwhile", async () => {
    const conversation = opened();
    service.history.mockResolvedValueOnce({ messages: [message("new")], next: 7 });
    conversation.look();
    await vi.waitUntil(() => conversation.view.loaded);
    service.history.mockClear().mockResolvedValue({ messages: [message("old")], next: null });
    await Promise.all([conversation.loadOlder(), conversation.loadOlder()]);
    expect(service.history).toHaveBeenCalledTimes(1);
    expect(ids(conversation)).toEqual(["old", "new"]);
    expect(conversation.view.loadingOlder).toBe(false);
  });
});

describe("a page nobody looks at", () => {
  const stream = () => new Response("", { headers: { "X-Turn-Id": "t1" } });
  const whole = async () => undefined;
  const untilLeft: typeof wire.read = (_, __, signal) =>
    new Promise((_, cut) => signal.addEventListener("abort", () => cut(new Unreachable("left"))));

  it("gives the answer's stream back, and joins it again when somebody looks", async () => {
    const conversation = opened();
    service.join.mockImplementation(async () => (service.join.mock.calls.length > 2 ? null : stream()));
    service.read.mockImplementationOnce(untilLeft).mockImplementationOnce(whole);
    conversation.look();
    await vi.waitUntil(() => service.read.mock.calls.length === 1);
    turnTo("hidden");
    conversation.leave();
    await vi.waitUntil(() => service.read.mock.settledResults[0]?.type === "rejected");
    await settled();
    expect(service.join).toHaveBeenCalledTimes(1);
    turnTo("visible");
    await vi.waitUntil(() => conversation.view.loaded && !conversation.view.running);
    expect(service.read).toHaveBeenCalledTimes(2);
  });

  it("joins nothing because of its own message, nor because of a hint, until somebody looks", async () => {
    const conversation = opened();
    turnTo("hidden");
    conversation.send("a");
    (await nth(0)).admit();
    await settled();
    conversation.look();
    await settled();
    expect(service.join).not.toHaveBeenCalled();
    expect(service.read).not.toHaveBeenCalled();
    turnTo("visible");
    await vi.waitUntil(() => service.join.mock.calls.length > 0);
  });
});

/** After whatever is about to happen by itself. */
const settled = () => new Promise((resolve) => setTimeout(resolve));
