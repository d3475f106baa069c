import { describe, expect, it } from "vitest";
import type { Context, ContextMessage } from "../api/types";
import { shares } from "./shares";

const message = (role: ContextMessage["role"], tokens: number, included = true): ContextMessage => ({
  role,
  content: "",
  tokens,
  estimated: false,
  included,
  reason: included ? null : "token_budget",
  turn_id: null,
  tool_calls: [],
});

const context = (budget: number): Context => ({
  budget,
  used: 175,
  overhead: 50,
  estimated: false,
  messages: [message("system", 100), message("user", 999, false), message("user", 5), message("tool", 20)],
  omitted_turns: 0,
  sent: null,
  step: null,
  steps: [],
});

describe("shares", () => {
  it("add up to the budget, and leave out what is left out", () => {
    expect(shares(context(1_000))).toEqual({ system: 100, exchanges: 25, tools: 50, free: 825 });
  });

  it("have nothing free when one turn alone is above the budget", () => {
    expect(shares(context(100)).free).toBe(0);
  });
});
