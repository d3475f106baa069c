// After a silence: the browser puts attempts on connections that died with the feed's, as long as it has any.
import { expect, it, vi } from "vitest";
import { live, network, onEvent, onLive, passed, refused, service, silent, started, surrounded } from "./feed.fixtures";
import { begun } from "./fixtures";

const SILENCE = 25_000; // until the feed believes in one
const FIRST = SILENCE + 300;

surrounded();

/** A feed that has fallen silent and makes its first attempt. */
async function lost() {
  const { feed } = await live();
  await passed(FIRST - 1);
  expect(service.attempts).toEqual([0]);
  return feed;
}

it("the feed is back behind four dead connections before it is called down, and closes them", async () => {
  const feed = await lost();
  const seen: string[] = [];
  feed.subscribe(() => seen.push(feed.state));
  const line = begun();
  service.answers = [silent, silent, silent, silent, () => line.response];
  await passed(4_000);
  expect([feed.state, service.givenUp]).toEqual(["reconnecting", []]);
  await passed(1);
  expect(service.attempts).toEqual([0, ...[0, 1_000, 2_000, 3_000, 4_000].map((ms) => FIRST + ms)]);
  expect([seen, service.givenUp]).toEqual([["live"], [1, 2, 3, 4]]);
  expect(onLive.mock.calls).toEqual([[false], [true]]);
  line.send('data: {"turn_id":"t1"}\n\n');
  await passed(20_000);
  expect([feed.state, onEvent.mock.calls]).toEqual(["live", [[{ turn_id: "t1" }]]]);
  expect([service.attempts.length, vi.getTimerCount()]).toEqual([6, 1]); // the patience with the next silence
});

it("an attempt that is only slow is not given up for those beside it, which are when it is answered", async () => {
  const feed = await lost();
  service.answers = [() => new Promise((resolve) => setTimeout(() => resolve(begun().response), 2_500))];
  await passed(2_501);
  expect([feed.state, service.attempts.length, service.givenUp]).toEqual(["live", 4, [2, 3]]);
});

it("of two answers at once one is taken", async () => {
  await lost();
  const [one, other] = [begun(), begun()];
  const at = (ms: number, { response }: typeof one) => new Promise<Response>((done) => setTimeout(() => done(response), ms));
  service.answers = [() => at(1_500, one), () => at(500, other)];
  await passed(1_501);
  expect(onLive.mock.calls).toEqual([[false], [true]]);
  expect(service.givenUp).toEqual([2]);
});

it("a refusal is an answer: what waits beside it is given up, and the pauses are as ever", async () => {
  await lost();
  service.answers = [silent, refused, refused, refused, () => begun().response];
  await passed(10_000);
  expect(service.attempts).toEqual([0, ...[0, 1_000, 1_600, 2_800, 5_200].map((ms) => FIRST + ms)]);
  expect(service.givenUp).toEqual([1]);
});

it("a service that goes on being silent is asked so once, and then as seldom as ever", async () => {
  await lost();
  await passed(5_001);
  expect([service.attempts.length, service.givenUp]).toEqual([6, [1, 2, 3, 4, 5]]);
  await passed(35_000);
  expect(service.attempts.slice(6)).toEqual([5_600, 11_800, 18_800, 25_800, 32_800, 39_800].map((ms) => FIRST + ms));
});

it.each([
  ["ended", (line: ReturnType<typeof begun>) => line.end()],
  ["broke", (line: ReturnType<typeof begun>) => line.cut()],
])("where the feed %s, the line works: a service that is slow to start is not asked more often for it", async (_, happens) => {
  const { line } = await live();
  happens(line);
  await passed(5_000);
  expect(service.attempts).toEqual([0, 300]);
});

it("a page that is loaded anew may meet such connections, and so may one whose network was gone", async () => {
  service.answers = [silent, () => begun().response];
  const feed = await started();
  await passed(1_000);
  expect([service.attempts, feed.state]).toEqual([[0, 1_000], "live"]);
  service.answers = [refused, silent, () => begun().response];
  network("offline");
  await passed(500);
  network("online");
  await passed(1_000);
  expect(service.attempts).toEqual([0, 1_000, 1_300, 1_500, 2_500]);
  expect(feed.state).toBe("live");
});
