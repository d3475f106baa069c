// @vitest-environment happy-dom
// What is drawn again while an answer grows: it, and nothing that was there before.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type Root, createRoot } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Chat } from "./Chat";
import "./Markdown"; // else it comes when it is needed
import { blocks } from "./blocks";
import { Conversation } from "./conversation";
import { isTool } from "./parts";
import * as wire from "./wire";

vi.mock("./wire");
vi.mock("./blocks", { spy: true }); // is asked once for each time that a text is drawn
vi.mock("./parts", { spy: true });
const service = vi.mocked(wire);

const text = (words: string): wire.Message["parts"][number] => ({ type: "text", text: words });
const called = (call: string): wire.Message["parts"][number] => ({
  type: "dynamic-tool",
  toolName: "list_tasks",
  toolCallId: call,
  state: "output-available",
  input: {},
  output: {},
});

const said = (turn: string, status: wire.Told["status"], parts: wire.Message["parts"]): wire.Message => ({
  id: turn,
  role: "assistant",
  parts,
  metadata: { turn_id: turn, status },
});

/** Anew each time, as it comes from the network. */
const exchange = (turn: string, status: wire.Told["status"], ...parts: wire.Message["parts"]): wire.Message[] => [
  { ...said(turn, status, [text("hi")]), id: `${turn}.user`, role: "user" },
  said(turn, status, parts),
];

let root: Root;
let show: (message: wire.Message) => void; // of the answer that is being read

beforeEach(() => {
  service.history.mockImplementation(async () => ({
    messages: [...exchange("t1", "completed", called("c1"), text("Finished.")), ...exchange("t2", "running")],
    next: null,
  }));
  service.join.mockResolvedValueOnce(new Response("", { headers: { "X-Turn-Id": "t2" } }));
  service.read.mockImplementation((_, paint) => {
    show = paint;
    return new Promise(() => undefined);
  });
  const box = document.createElement("main");
  document.body.replaceChildren(box);
  root = createRoot(box);
  root.render(
    <QueryClientProvider client={new QueryClient()}>
      <Chat conversation={new Conversation("main", () => undefined)} onTask={vi.fn()} />
    </QueryClientProvider>,
  );
});
afterEach(() => {
  root.unmount();
  vi.clearAllMocks();
});

/** More of an answer has come, and all that is said stands there as Markdown. */
async function grows(...parts: wire.Message["parts"]): Promise<void> {
  show(said("t2", "running", parts));
  const last = parts.at(-1);
  await vi.waitUntil(() => last?.type === "text" && document.querySelector(".growing")?.textContent === last.text);
  await vi.waitUntil(() => document.querySelector(".plain") === null);
}

/** How often a text was drawn, and how often the answer with a call. */
const textDrawn = (words: string) => vi.mocked(blocks).mock.calls.filter(([markdown]) => markdown === words).length;
const answerDrawn = (call: string) => vi.mocked(isTool).mock.calls.filter(([p]) => "toolCallId" in p && p.toolCallId === call).length;

it("a finished answer is drawn once, however much of another one comes", async () => {
  await vi.waitUntil(() => document.body.textContent.includes("Finished."));
  await vi.waitUntil(() => service.read.mock.calls.length > 0);
  await grows(text("One"));
  const before = [textDrawn("Finished."), answerDrawn("c1")];
  for (const words of ["One two", "One two three", "One two three four"]) await grows(text(words));
  expect(textDrawn("One two three")).toBe(1);
  expect([textDrawn("Finished."), answerDrawn("c1")]).toEqual(before);
});

it("what an answer said before a tool call is drawn once, however much it says behind it", async () => {
  await vi.waitUntil(() => service.read.mock.calls.length > 0);
  await grows(text("Before."), called("c2"), text("One"));
  const before = textDrawn("Before.");
  for (const words of ["One two", "One two three"]) await grows(text("Before."), called("c2"), text(words));
  expect(textDrawn("One two three")).toBe(1);
  expect(textDrawn("Before.")).toBe(before);
});
