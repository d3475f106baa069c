// @vitest-environment happy-dom
// What is shown, and under which name.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type Root, createRoot } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Context } from "../api/types";
import { TEXTS, say } from "../texts";
import { Inspector } from "./Inspector";

/** What was sent, as one message that says so; of two steps. */
const context = (content: string): Context => ({
  budget: 100,
  used: 1,
  overhead: 0,
  estimated: false,
  messages: [
    { role: "user", content, tokens: 1, estimated: false, included: true, reason: null, turn_id: null, tool_calls: [] },
  ],
  omitted_turns: 0,
  sent: null,
  step: null,
  steps: [0, 1],
});

const turn = (number: number) => ({
  turn_id: `main.${number}.x`,
  number,
  status: "completed",
  messages: [{ role: "user", content: `asked ${number}` }],
  submitted_at: "2030-01-01T00:00:00.000+00:00",
});

let history: { turns: ReturnType<typeof turn>[]; next: number | null };
let older: Promise<unknown>; // the page before
let answers: Map<string, Promise<Context>>; // by path; others are answered at once, by their path
let client: QueryClient;
let root: Root;

beforeEach(async () => {
  history = { turns: [turn(1), turn(2)], next: null };
  answers = new Map();
  vi.stubGlobal("fetch", async (path: string) =>
    Response.json(path.includes("before=") ? await older : path.startsWith("/history") ? history : await (answers.get(path) ?? context(path))),
  );
  client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  root = createRoot(document.body);
  root.render(
    <QueryClientProvider client={client}>
      <Inspector />
    </QueryClientProvider>,
  );
  await vi.waitUntil(() => shown() === "/context?conversation=main" && options(TEXTS.context.which).length === 3);
});
afterEach(() => {
  root.unmount();
  client.clear();
  vi.unstubAllGlobals();
});

const shown = () => document.querySelector(".seen .text")?.textContent;
const field = (name: string) => [...document.querySelectorAll("label")].find((l) => l.textContent.startsWith(name))?.querySelector("select");
const options = (name: string) => [...(field(name)?.options ?? [])].map(({ text }) => text);
const named = (name: string) => field(name)?.selectedOptions[0]?.text;

function choose(name: string, value: string): void {
  const select = field(name);
  if (!select) throw new Error(`There is no field ${name}.`);
  select.value = value;
  select.dispatchEvent(new Event("change", { bubbles: true }));
}

/** The list of turns and all else is asked for again, as after something has happened. */
const again = () => client.invalidateQueries({ queryKey: ["context"] });
const label = (n: number) => say(TEXTS.context.turn, { n, text: `asked ${n}` });

describe("while it is loaded", () => {
  it("the context of a turn is not that of the one before", async () => {
    let tell = (_: Context): void => undefined;
    answers.set("/turns/main.2.x/context", new Promise((resolve) => (tell = resolve)));
    choose(TEXTS.context.which, "main.2.x");
    await vi.waitUntil(() => named(TEXTS.context.which) === label(2));
    expect(shown()).toBeUndefined();
    tell(context("the second"));
    await vi.waitUntil(() => shown() === "the second");
  });

  it("that of a step is the one before of the same turn: nothing jumps", async () => {
    choose(TEXTS.context.which, "main.2.x");
    await vi.waitUntil(() => shown() === "/turns/main.2.x/context");
    let tell = (_: Context): void => undefined;
    answers.set("/turns/main.2.x/context?step=0", new Promise((resolve) => (tell = resolve)));
    choose(TEXTS.context.step, "0");
    await vi.waitUntil(() => named(TEXTS.context.step) === say(TEXTS.context.stepOf, { n: 1, of: 2 }));
    expect(shown()).toBe("/turns/main.2.x/context");
    tell(context("the first step"));
    await vi.waitUntil(() => shown() === "the first step");
  });
});

describe("a chosen turn", () => {
  beforeEach(async () => {
    choose(TEXTS.context.which, "main.1.x");
    await vi.waitUntil(() => shown() === "/turns/main.1.x/context");
  });

  it("has its name also when newer ones have taken its place in the list", async () => {
    history = { turns: [turn(2), turn(3)], next: 2 };
    await again();
    await vi.waitUntil(() => options(TEXTS.context.which).includes(label(3)));
    expect(named(TEXTS.context.which)).toBe(label(1));
    expect(options(TEXTS.context.which)).toEqual([TEXTS.context.now, label(3), label(2), label(1)]);
    expect(shown()).toBe("/turns/main.1.x/context");
  });

  it.each([
    ["was cleared", []],
    ["was cleared, and another one came", [{ ...turn(1), turn_id: "main.1.y" }]],
  ])("that %s gives way to what is sent now", async (_what, turns) => {
    history = { turns, next: null };
    await again();
    await vi.waitUntil(() => named(TEXTS.context.which) === TEXTS.context.now && shown() === "/context?conversation=main");
  });
});

it("a long message is named by its first characters, each of them whole", async () => {
  const long = turn(3);
  long.messages = [{ role: "user", content: `${"x".repeat(58)}😀 and more` }];
  history = { ...history, turns: [long] };
  await again();
  await vi.waitUntil(() => options(TEXTS.context.which).includes(say(TEXTS.context.turn, { n: 3, text: `${"x".repeat(58)}…` })));
});

it("who lists older turns with the keyboard is not left nowhere", async () => {
  let tell = (_: unknown): void => undefined;
  older = new Promise((resolve) => (tell = resolve));
  history = { ...history, next: 1 };
  await again();
  const button = await vi.waitUntil(() => document.querySelector<HTMLButtonElement>("button.link"));
  button.focus();
  button.click();
  await vi.waitUntil(() => button.getAttribute("aria-disabled") === "true");
  expect(button.disabled).toBe(false);
  expect(document.activeElement).toBe(button);
  tell({ turns: [turn(0)], next: null });
  await vi.waitUntil(() => !button.isConnected);
  expect(document.activeElement).toBe(field(TEXTS.context.which));
});
