// The look now and then at a conversation in which nothing is known to have happened.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { lookedAt } from "../api/visible.fixtures";
import { storage } from "../kept.fixtures";
import { Conversation } from "./conversation";
import * as wire from "./wire";

vi.mock("./wire");
const service = vi.mocked(wire);

/** A message and what is stored of its answer, anew each time, as it comes from the network. */
function exchange(turn: string, over: Partial<wire.Told> = {}, text = "Done."): wire.Message[] {
  const metadata: wire.Told = { turn_id: turn, status: "completed", ...over };
  return [
    { id: `${turn}.user`, role: "user", parts: [{ type: "text", text: "hi" }], metadata },
    { id: turn, role: "assistant", parts: text ? [{ type: "text", text }] : [], metadata },
  ];
}

let stored: () => wire.Message[]; // by the service, oldest first
let conversation: Conversation;

beforeEach(() => {
  storage();
  lookedAt();
  service.join.mockResolvedValue(null);
  service.history.mockImplementation(async () => ({ messages: stored(), next: null }));
  service.newest.mockImplementation(async () => ({ messages: stored().slice(-2), next: null }));
  conversation = new Conversation("main", () => undefined);
});
afterEach(() => {
  vi.resetAllMocks();
  vi.unstubAllGlobals();
});

/** After whatever is about to happen by itself. */
const settled = () => new Promise((resolve) => setTimeout(resolve));

/** How often the whole page of history was loaded by what `act` asks for. */
async function loadedBy(act: () => void): Promise<number> {
  service.history.mockClear();
  act();
  await settled();
  return service.history.mock.calls.length;
}

async function shown(messages: () => wire.Message[]): Promise<void> {
  stored = messages;
  expect(await loadedBy(() => conversation.look())).toBe(1);
  expect(conversation.view.messages).toEqual(messages());
}

const glance = () => conversation.glance();
const both = () => [...exchange("t1"), ...exchange("t2")];

describe("a glance", () => {
  it.each([
    ["two answers", both],
    ["nothing at all", () => []],
    ["an answer that was stopped", () => exchange("t1", { status: "cancelled" })],
  ])("loads nothing again that is as it was: %s", async (_what, messages) => {
    await shown(messages);
    const before = conversation.view.messages;
    for (let look = 0; look < 3; look++) expect(await loadedBy(glance)).toBe(0);
    expect(conversation.view.messages).toBe(before);
  });

  it.each([
    ["another turn", () => [...both(), ...exchange("t3")]],
    ["another answer in the place of one", () => [...exchange("t1"), ...exchange("t3", { regenerates: "t2" })]],
    ["another end of it", () => [...exchange("t1"), ...exchange("t2", { status: "cancelled" })]],
    ["words that were stored late", () => [...exchange("t1"), ...exchange("t2", {}, "Done, and more.")]],
    ["the newest is gone", () => exchange("t1")],
    ["all is gone", () => []],
    ["all is gone, and a new turn", () => exchange("t9")],
  ])("shows what is stored when that is not what is shown: %s", async (_what, messages) => {
    await shown(both);
    stored = messages;
    expect(await loadedBy(glance)).toBe(1);
    expect(conversation.view.messages).toEqual(messages());
    expect(await loadedBy(glance)).toBe(0);
  });

  it("loads all the first time", async () => {
    stored = both;
    expect(await loadedBy(glance)).toBe(1);
  });

  it("loads all while anything is under way here or there", async () => {
    await shown(() => exchange("t1", { status: "queued" }, ""));
    expect(await loadedBy(glance)).toBe(1);
    expect(service.newest).not.toHaveBeenCalled();
  });

  it("follows an answer that runs", async () => {
    await shown(both);
    service.read.mockReturnValue(new Promise(() => undefined));
    service.join.mockResolvedValueOnce(new Response("", { headers: { "X-Turn-Id": "t3" } }));
    await loadedBy(glance);
    expect(service.read).toHaveBeenCalledTimes(1);
    expect(conversation.view.running).toBe(true);
  });
});

describe("all is loaded", () => {
  it("after a gap", async () => {
    await shown(both);
    expect(await loadedBy(() => conversation.reconnect())).toBe(1);
  });

  it("by who has a reason to look, also where a glance has begun", async () => {
    await shown(both);
    const glanceAndLook = () => {
      conversation.glance();
      conversation.look();
    };
    expect(await loadedBy(glanceAndLook)).toBe(1);
  });

  it("by who has a reason to look, also in the middle of a glance", async () => {
    await shown(both);
    let tell = (_: wire.Page): void => undefined;
    service.newest.mockReturnValueOnce(new Promise((resolve) => (tell = resolve)));
    expect(await loadedBy(glance)).toBe(0);
    conversation.look();
    expect(await loadedBy(() => tell({ messages: exchange("t2"), next: null }))).toBe(1);
  });
});
