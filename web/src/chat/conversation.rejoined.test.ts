// An answer that is joined again, of which something is shown.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Unreachable } from "../api/http";
import { lookedAt } from "../api/visible.fixtures";
import { storage } from "../kept.fixtures";
import { Conversation } from "./conversation";
import { textOf } from "./parts";
import * as wire from "./wire";

vi.mock("./wire");
vi.mock("../api/pause", () => ({ backoff: () => 0, pause: () => Promise.resolve() }));

const service = vi.mocked(wire);
const passed = () => vi.advanceTimersByTimeAsync(1_000); // all that is to be painted is painted by then

let conversation: Conversation;
/** One for each time that the answer was joined. */
let joined: { say(text: string): void; end(): void; cut(): void }[];
let painted: string[];

beforeEach(() => {
  vi.useFakeTimers();
  storage();
  lookedAt();
  joined = [];
  painted = [];
  service.history.mockResolvedValue({ messages: [], next: null });
  service.join.mockImplementation(async () => new Response("", { headers: { "X-Turn-Id": "t" } }));
  service.read.mockImplementation((_, show) => {
    const say = (text: string) => show({ id: "t", role: "assistant", parts: [{ type: "text", text }] });
    return new Promise((end, fail) => joined.push({ say, end, cut: () => fail(new Unreachable("cut")) }));
  });
  conversation = new Conversation("main", () => undefined);
  conversation.subscribe(() => {
    const text = conversation.view.live && textOf(conversation.view.live);
    if (text !== null && text !== painted.at(-1)) painted.push(text);
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.resetAllMocks();
  vi.unstubAllGlobals();
});

/** "One two" is shown, and the connection is another one. */
async function rejoined() {
  conversation.look();
  await passed();
  joined[0]?.say("One two");
  await passed();
  joined[0]?.cut();
  await passed();
  expect(joined).toHaveLength(2);
}

it("does not shrink and grow again, however slowly it is told from its start", async () => {
  await rejoined();
  for (const text of ["O", "One", "One two", "One two three"]) {
    joined[1]?.say(text);
    await passed();
  }
  expect(painted).toEqual(["One two", "One two three"]);
});

it("is shown as it is when it ends before it has got as far", async () => {
  await rejoined();
  joined[1]?.say("No.");
  await passed();
  expect(painted).toEqual(["One two"]);
  service.join.mockResolvedValue(null);
  joined[1]?.end();
  await passed();
  expect(painted).toEqual(["One two", "No."]);
});
