// @vitest-environment happy-dom
import { act } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { task } from "../api/fixtures";
import { Row } from "./Row";

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  vi.useFakeTimers();
  vi.setSystemTime("2030-05-17T09:00:00Z");
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("counts down without being drawn again", async () => {
  let drawn = 0;
  const due = task("t", { deadline: "2030-05-17T09:00:10.000+00:00" });
  const watched = Object.defineProperty(due, "title", { get: () => `drawn ${++drawn}` });
  const root = createRoot(document.body);
  await act(() => root.render(<Row task={watched} onOpen={() => undefined} />));
  const text = () => document.body.textContent;
  expect(text()).toContain("due in 10 s");
  const before = drawn;
  await act(() => vi.advanceTimersByTime(3_000));
  expect(text()).toContain("due in 7 s");
  expect(drawn).toBe(before);
  act(() => root.unmount());
});
