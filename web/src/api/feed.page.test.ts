import { expect, it, vi } from "vitest";
import { always, live, network, onLive, passed, refused, service, started, surrounded } from "./feed.fixtures";
import { begun } from "./fixtures";
import { turnTo } from "./visible.fixtures";

surrounded();

it("a page drops its line when the network goes, and is back as soon as that is", async () => {
  const { line, feed } = await live();
  service.answers = [refused, refused, refused, () => begun().response];
  network("offline");
  await passed(0);
  expect([line.isLeft(), feed.state]).toEqual([true, "reconnecting"]);
  await passed(2_100); // the next attempt would be at 4,500
  network("online");
  await passed(0);
  expect(feed.state).toBe("live");
  expect(vi.getTimerCount()).toBe(1); // the patience with silence; none of the pause
});

it("a page that nobody looks at gives its line back, runs nothing meanwhile, and has it again when somebody looks", async () => {
  const { line, feed } = await live();
  service.answers = [refused, () => begun().response];
  turnTo("hidden");
  await passed(20_000);
  line.send(": ping\n\n");
  await passed(10_000);
  expect(line.isLeft()).toBe(true);
  await passed(3_600_000);
  expect([service.attempts, vi.getTimerCount()]).toEqual([[0], 0]);
  turnTo("visible");
  await passed(300);
  expect([service.attempts.length, feed.state]).toEqual([2, "reconnecting"]); // for a moment, not for an hour
  await passed(600);
  expect([service.attempts.length, feed.state]).toEqual([3, "live"]);
});

it("a page that nobody looks at takes no line at the end of an outage either", async () => {
  service.answers = always(refused);
  await started();
  turnTo("hidden");
  await passed(31_000);
  const before = service.attempts.length;
  service.answers = [() => begun().response];
  await passed(3_600_000);
  expect([service.attempts.length, vi.getTimerCount()]).toEqual([before, 0]);
  turnTo("visible");
  await passed(2_000);
  expect(service.attempts).toHaveLength(before + 1);
});

it("a page that is looked at again does not wait for the end of a pause", async () => {
  service.answers = [...always(refused).slice(0, 4), () => begun().response];
  const feed = await started();
  await passed(2_100); // the next attempt would be at 4,500
  turnTo("hidden");
  await passed(100);
  turnTo("visible");
  await passed(0);
  expect([service.attempts.at(-1), feed.state]).toEqual([2_200, "live"]);
});

it("a page that was opened out of sight takes no line until somebody looks, and then takes in what happened meanwhile", async () => {
  service.answers = [() => begun().response];
  turnTo("hidden");
  const feed = await started();
  await passed(3_600_000);
  expect([service.attempts.length, vi.getTimerCount()]).toEqual([0, 0]);
  turnTo("visible");
  await passed(0);
  expect([service.attempts.length, feed.state]).toEqual([1, "live"]);
  expect(onLive).toHaveBeenCalledWith(true);
});
