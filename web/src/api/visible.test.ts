import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { onLongHidden } from "./visible";
import { lookedAt, turnTo } from "./visible.fixtures";

beforeEach(() => {
  vi.useFakeTimers();
  lookedAt();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("leaves after half a minute out of sight, not when somebody comes back before", () => {
  const leave = vi.fn();
  onLongHidden(leave);
  turnTo("hidden");
  vi.advanceTimersByTime(29_000);
  turnTo("visible");
  turnTo("hidden");
  vi.advanceTimersByTime(29_000);
  expect(leave).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1_000);
  expect(leave).toHaveBeenCalledOnce();
});

it("leaves a page, too, that was opened out of sight", () => {
  const leave = vi.fn();
  turnTo("hidden");
  onLongHidden(leave);
  vi.advanceTimersByTime(30_000);
  expect(leave).toHaveBeenCalledOnce();
});
