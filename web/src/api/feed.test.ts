import { describe, expect, it } from "vitest";
import { Feed } from "./feed";
import { always, live, onEvent, onLive, passed, refused, service, started, surrounded } from "./feed.fixtures";
import { begun } from "./fixtures";

surrounded();

describe("the feed", () => {
  it("is live when it is answered, and passes on what it is told", async () => {
    const line = begun();
    service.answers = [() => line.response];
    const feed = new Feed(onEvent, onLive);
    const seen: string[] = [];
    const forget = feed.subscribe(() => seen.push(feed.state));
    expect(feed.state).toBe("connecting");
    feed.start();
    line.send('id: 1\nevent: turn.admitted\ndata: {"turn_id":"t1"}\n\n');
    await passed(0);
    expect(seen).toEqual(["live"]);
    expect(onLive.mock.calls).toEqual([[false]]);
    expect(onEvent.mock.calls).toEqual([[{ turn_id: "t1" }]]);
    forget();
    line.end();
    await passed(0);
    expect(feed.state).toBe("reconnecting");
    expect(seen).toEqual(["live"]);
  });

  // It asks for nothing by id: what came meanwhile is loaded anew, which also holds when the service does not know it any more.
  it("says that something may have been missed, whenever it was tried before", async () => {
    service.answers = [refused, () => new Response(null), () => begun().response];
    await started();
    await passed(10_000);
    expect(onLive.mock.calls).toEqual([[true], [true]]);
  });

  it.each([
    ["ends", (line: ReturnType<typeof begun>) => line.end()],
    ["breaks", (line: ReturnType<typeof begun>) => line.cut()],
    ["says what cannot be understood", (line: ReturnType<typeof begun>) => line.send("data: {\n\n")],
  ])("connects again when its stream %s", async (_, happens) => {
    const { line, feed } = await live();
    service.answers = [() => begun().response];
    happens(line);
    await passed(0);
    expect(feed.state).toBe("reconnecting");
    await passed(300);
    expect(feed.state).toBe("live");
    expect(service.attempts).toEqual([0, 300]);
  });

  it("connects again after a sleep, of which a line without a sound is all that is seen", async () => {
    const { line, feed } = await live();
    service.answers = [() => begun().response];
    await passed(24_999);
    expect(feed.state).toBe("live");
    await passed(1);
    expect(feed.state).toBe("reconnecting");
    expect(line.isLeft()).toBe(true);
    await passed(300);
    expect(feed.state).toBe("live");
  });
});

describe("while the service is away, the feed", () => {
  it("tries ever less often, says so after four seconds, and then tries every other second", async () => {
    service.answers = always(refused);
    const feed = await started();
    await passed(4_000);
    expect(feed.state).toBe("connecting");
    await passed(5_000);
    expect(feed.state).toBe("down");
    expect(service.attempts).toEqual([0, 300, 900, 2_100, 4_500, 6_500, 8_500]);
  });

  it("tells a restart from an outage by how long the service is missed, not by when the page was opened", async () => {
    const { line, feed } = await live();
    for (let n = 0; n < 10; n++) {
      await passed(10_000);
      line.send(": ping\n\n");
    }
    const seen: string[] = [];
    feed.subscribe(() => seen.push(feed.state));
    service.answers = always(refused);
    line.cut();
    await passed(3_900);
    expect(seen).toEqual(["reconnecting"]);
    await passed(1_000);
    expect(seen).toEqual(["reconnecting", "down"]);
  });

  it.each([503, 404, 500])("takes status %i for that", async (status) => {
    service.answers = [() => new Response('{"code":"c","detail":"d"}', { status }), () => begun().response];
    const feed = await started();
    expect([feed.state, onLive.mock.calls.length]).toEqual(["connecting", 0]);
    await passed(300);
    expect(feed.state).toBe("live");
  });

  it("does not wait for long for an answer: a frozen process takes connections", async () => {
    const { line, feed } = await live();
    line.end();
    await passed(5_300);
    expect(feed.state).toBe("down");
    service.answers = [() => begun().response];
    await passed(600);
    expect([service.attempts, feed.state]).toEqual([[0, 300, 5_900], "live"]);
    await passed(20_000); // and once it is answered, that patience has no say
    expect(feed.state).toBe("live");
  });

  it("does not take a line for good that is always closed at once", async () => {
    service.answers = always(() => new Response(""));
    await started();
    await passed(5_000);
    expect(service.attempts).toEqual([0, 300, 900, 2_100, 4_500]);
  });

  it("begins anew with short waits once it was live for a while", async () => {
    const { line } = await live();
    const second = begun();
    service.answers = [refused, refused, () => second.response, () => begun().response];
    line.cut();
    await passed(10_000);
    expect(service.attempts).toEqual([0, 300, 900, 2_100]);
    second.cut();
    await passed(299);
    expect(service.attempts).toHaveLength(4);
    await passed(1);
    expect(service.attempts).toHaveLength(5);
  });
});
