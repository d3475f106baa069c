import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { onLongHidden } from "./visible";

const page = Object.assign(new EventTarget(), { visibilityState: "visible" });

function turnTo(state: string): void {
  page.visibilityState = state;
  page.dispatchEvent(new Event("visibilitychange"));
}

beforeEach(() => {
  page.visibilityState = "visible";
  vi.useFakeTimers();
  vi.stubGlobal("document", page);
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
  page.visibilityState = "hidden";
  onLongHidden(leave);
  vi.advanceTimersByTime(30_000);
  expect(leave).toHaveBeenCalledOnce();
});
