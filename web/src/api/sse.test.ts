import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Unreachable } from "./http";
import { begun } from "./fixtures";
import { frames } from "./sse";

const PING = ": ping - 2030-05-17 09:00:00.000000+00:00\n\n"; // as sse-starlette writes it

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What is read of `response` as it comes, and in the end why reading ended: null when the body did. */
function reading(response: Response, signal?: AbortSignal) {
  const seen: string[] = [];
  let error: unknown;
  void (async () => {
    try {
      for await (const data of frames(response, signal)) seen.push(data);
      error = null;
    } catch (thrown) {
      error = thrown;
    }
  })();
  return { seen, why: () => error };
}

const passed = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe("frames", () => {
  const DATA = ['{"text":"Grüße, 世界 👋"}', "two\nlines", "\u2028 ends no line", "[DONE]"];
  const SENT = [
    PING,
    `id: 7\nevent: task.created\ndata: ${DATA[0]}\n\n`,
    "data: two\ndata: lines\n\n",
    PING,
    `data:${DATA[2]}\n\nevent: nothing\n\n`,
    `data: ${DATA[3]}\n\n`,
  ].join("");

  it.each(["\n", "\r\n"])("are the same wherever they are cut, also within a character (lines end with %j)", async (end) => {
    const bytes = new TextEncoder().encode(SENT.replaceAll("\n", end));
    for (let at = 1; at < bytes.length; at++) {
      const wire = begun();
      const { seen } = reading(wire.response);
      wire.send(bytes.slice(0, at));
      await passed(0);
      wire.send(bytes.slice(at));
      await passed(0);
      expect(seen, `cut at byte ${at}`).toEqual(DATA);
    }
  });

  it("come one byte at a time, too, each as soon as it is whole", async () => {
    const wire = begun();
    const { seen } = reading(wire.response);
    for (const byte of new TextEncoder().encode("data: a\n\ndata: b\n")) wire.send(Uint8Array.of(byte));
    await passed(0);
    expect(seen).toEqual(["a"]);
    wire.send("\n");
    await passed(0);
    expect(seen).toEqual(["a", "b"]);
  });

  it("end with the body, which may leave half a frame that nobody is shown", async () => {
    const wire = begun();
    const { seen, why } = reading(wire.response);
    wire.send("data: a\n\ndata: half");
    wire.end();
    await passed(0);
    expect(seen).toEqual(["a"]);
    expect(why()).toBeNull();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a connection", () => {
  const expectLeft = (wire: ReturnType<typeof begun>) => {
    expect(wire.isLeft()).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  };

  it("that breaks is told as that", async () => {
    const wire = begun();
    const { why } = reading(wire.response);
    wire.cut();
    await passed(0);
    expect(why()).toBeInstanceOf(Unreachable);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("that brings nothing for 25 seconds is given up", async () => {
    const wire = begun();
    const { why } = reading(wire.response);
    await passed(24_999);
    expect(why()).toBeUndefined();
    await passed(1);
    expect(why()).toBeInstanceOf(Unreachable);
    expectLeft(wire);
  });

  it("is kept by pings alone, though nobody is shown them", async () => {
    const wire = begun();
    const { seen, why } = reading(wire.response);
    for (let n = 0; n < 6; n++) {
      await passed(10_000);
      wire.send(PING);
    }
    await passed(0);
    expect(why()).toBeUndefined();
    expect(seen).toEqual([]);
    await passed(25_000);
    expect(why()).toBeInstanceOf(Unreachable);
  });

  it("is left at once when its reader is told to, and never listens on", async () => {
    const wire = begun();
    const leave = new AbortController();
    const [listens, forgets] = [vi.spyOn(leave.signal, "addEventListener"), vi.spyOn(leave.signal, "removeEventListener")];
    const { seen, why } = reading(wire.response, leave.signal);
    wire.send("data: a\n\n");
    await passed(0);
    leave.abort();
    await passed(0);
    expect(seen).toEqual(["a"]);
    expect(why()).toBeInstanceOf(Unreachable);
    expectLeft(wire);
    expect(forgets).toHaveBeenCalledTimes(listens.mock.calls.length);
  });

  it("is left also when its reader was told to while it looked at a frame", async () => {
    const wire = begun();
    const leave = new AbortController();
    wire.send("data: a\n\n");
    const read = async () => {
      for await (const _ of frames(wire.response, leave.signal)) leave.abort();
    };
    const why = read().catch((error: unknown) => error);
    await passed(0);
    expectLeft(wire);
    expect(await why).toBeInstanceOf(Unreachable);
  });

  it("is left by who has read enough", async () => {
    const wire = begun();
    wire.send("data: a\n\n");
    for await (const _ of frames(wire.response)) break;
    expectLeft(wire);
  });
});
