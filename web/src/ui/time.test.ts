import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { countdown, instantOf, localInput, moment, span } from "./time";

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

describe("moment", () => {
  const noon = "2030-05-17T12:00:00Z";
  beforeEach(() => {
    vi.useFakeTimers();
    vi.setSystemTime(noon);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllEnvs();
  });

  it("is of the zone that one is in by now, summer or winter", () => {
    vi.stubEnv("TZ", "Europe/Berlin");
    expect(moment(noon)).toMatch(/^Fri,? 17 May, 14:00$/);
    expect(moment("2030-12-17T12:00:00Z")).toMatch(/^Tue,? 17 Dec, 13:00$/);
    vi.stubEnv("TZ", "America/New_York");
    expect(moment(noon)).toMatch(/^Fri,? 17 May, 08:00$/);
    expect(moment("2030-12-17T02:00:00Z")).toMatch(/^Mon,? 16 Dec, 21:00$/);
  });

  it("has its year where that is not the one we are in", () => {
    vi.stubEnv("TZ", "UTC");
    expect(moment(noon)).toMatch(/^Fri,? 17 May, 12:00$/);
    vi.setSystemTime("2029-12-31T23:59:59Z");
    expect(moment(noon)).toMatch(/^Fri,? 17 May 2030, 12:00$/);
    vi.stubEnv("TZ", "Asia/Tokyo"); // where the year has begun
    expect(moment(noon)).toMatch(/^Fri,? 17 May, 21:00$/);
  });
});

describe("a field of type datetime-local", () => {
  afterEach(() => void vi.unstubAllEnvs());

  it.each([
    ["the first of two hours with one name", "2030-10-27T00:30:00.000+00:00", "2030-10-27T02:30"],
    ["the second", "2030-10-27T01:30:00.000+00:00", "2030-10-27T02:30"],
    ["seconds", "2030-05-17T07:30:45.000+00:00", "2030-05-17T09:30"],
  ])("that nobody has changed tells what it was: %s", (_what, was, local) => {
    vi.stubEnv("TZ", "Europe/Berlin");
    expect(localInput(new Date(was))).toBe(local);
    expect(instantOf(local, was)).toBe(was);
  });

  it("tells what somebody has written", () => {
    vi.stubEnv("TZ", "Europe/Berlin");
    expect(instantOf("2030-05-17T09:31", "2030-05-17T07:30:45.000+00:00")).toBe("2030-05-17T07:31:00.000Z");
    expect(instantOf("2030-05-17T09:31", null)).toBe("2030-05-17T07:31:00.000Z");
  });
});
