import { beforeEach, expect, it } from "vitest";
import { Feed } from "./feed";
import { onEvent, onLive, passed, service, surrounded } from "./feed.fixtures";
import { begun } from "./fixtures";
import { anotherFollows } from "./share.fixtures";
import { sharing } from "./share";
import type { FeedEvent } from "./types";
import { turnTo } from "./visible.fixtures";

surrounded();

const event: FeedEvent = { event_type: "conversation.cleared", event_id: "1", conversation: "main" };
let other: ReturnType<typeof anotherFollows>;
let feed: Feed;

beforeEach(async () => {
  other = anotherFollows();
  feed = new Feed(onEvent, onLive, sharing());
  feed.start();
  await passed(0);
});

it("a page is told by the one that follows, and opens no line", async () => {
  expect(feed.state).toBe("live");
  await other.tell({ event });
  expect(onEvent).toHaveBeenCalledWith(event);
  expect(onLive).not.toHaveBeenCalled(); // it was here before anything was told
  await other.tell({ state: "reconnecting", gap: false });
  expect(feed.state).toBe("reconnecting");
  await other.tell({ state: "live", gap: true });
  expect(onLive).toHaveBeenCalledWith(true);
  await passed(3_600_000);
  expect(service.attempts).toEqual([]);
});

it("follows when the one that did is gone, and takes in what happened between", async () => {
  service.answers = [() => begun().response];
  other.leave();
  await passed(0);
  expect([service.attempts.length, feed.state]).toEqual([1, "live"]);
  expect(onLive).toHaveBeenCalledExactlyOnceWith(true);
});

it("follows for itself when the one that does tells nothing any more", async () => {
  service.answers = [() => begun().response];
  other.freeze();
  await passed(14_000);
  expect(service.attempts).toEqual([]);
  await passed(1_000);
  expect(service.attempts).toHaveLength(1);
});

it("is not next while nobody looks, hears nothing, and makes that good when somebody does", async () => {
  turnTo("hidden");
  await passed(30_000);
  await other.tell({ event });
  expect(onEvent).not.toHaveBeenCalled();
  turnTo("visible");
  await passed(0);
  expect(onLive).toHaveBeenCalledExactlyOnceWith(true);
  turnTo("hidden");
  await passed(30_000);
  other.leave();
  await passed(3_600_000);
  expect(service.attempts).toEqual([]);
});

it("leaves it to another page when nobody looks for long", async () => {
  service.answers = [() => begun().response];
  other.leave();
  await passed(0);
  void other.comeBack();
  turnTo("hidden");
  await passed(29_000);
  expect(other.follows).not.toHaveBeenCalled();
  await passed(1_000);
  expect(other.follows).toHaveBeenCalledOnce();
});
