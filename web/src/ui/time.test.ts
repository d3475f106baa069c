import { describe, expect, it } from "vitest";
import { countdown, span } from "./time";

const [s, min, h, d] = [1_000, 60_000, 3_600_000, 86_400_000];

describe("span", () => {
  it.each([
    [0, "0 s"],
    [8.9 * s, "8 s"],
    [3 * min + 5 * s, "3 min 5 s"],
    [12 * min + 5 * s, "12 min"],
    [2 * h, "2 h"],
    [20 * h + 52 * min, "20 h 52 min"],
    [2 * d + 30 * min, "2 d"],
    [-(d + h), "1 d 1 h"],
  ])("%d ms is %s", (ms, text) => expect(span(ms)).toBe(text));
});

describe("countdown", () => {
  const now = Date.parse("2030-05-17T09:00:00Z");
  it("looks ahead and back", () => {
    expect(countdown("2030-05-17T10:00:00Z", now)).toBe("due in 1 h");
    expect(countdown("2030-05-17T08:59:30Z", now)).toBe("30 s overdue");
  });
});
