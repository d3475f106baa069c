// What keeps the page true: the feed, and what each of its events makes stale.
import { QueryClient } from "@tanstack/react-query";
import { Feed } from "./api/feed";
import { isPassing } from "./api/http";
import { backoff } from "./api/pause";
import { ATTEMPTS } from "./api/persist";
import { CONVERSATION } from "./api/service";
import { sharing } from "./api/share";
import { listAgain, taskChanged } from "./api/tasks";
import type { FeedEvent } from "./api/types";
import { isHidden, onLongHidden } from "./api/visible";
import { Conversation } from "./chat/conversation";
import { onNeighbour, tellNeighbours } from "./neighbours";

export const queries = new QueryClient({
  defaultOptions: {
    // Whether the service answers is found out by asking: a browser that calls itself offline may be on the same machine.
    mutations: { networkMode: "always" },
    queries: {
      networkMode: "always",
      refetchOnReconnect: true, // which "always" alone would switch off
      staleTime: 10_000,
      retry: (failures, error) => isPassing(error) && failures < ATTEMPTS,
      retryDelay: backoff,
      refetchOnWindowFocus: true,
    },
  },
});

// The feed tells of a turn that was begun anywhere, and pages of one browser tell each other; both are hints.
const LOOK_EVERY = 10_000;

export const conversation = new Conversation(CONVERSATION, (what) => {
  void queries.invalidateQueries({ queryKey: ["context"] });
  if (what === "started") tellNeighbours();
});

export const feed = new Feed(onEvent, (again) => {
  if (!again) return void listAgain(queries);
  void queries.invalidateQueries();
  conversation.reconnect();
}, sharing());

function onEvent(event: FeedEvent): void {
  if ("task" in event) taskChanged(queries, event.task);
  else if (event.event_type === "turn.admitted" && conversation.knows(event.turn_id)) return; // our own
  else if (event.conversation === CONVERSATION) {
    conversation.look();
    void queries.invalidateQueries({ queryKey: ["context"] });
    if ("turn_id" in event) void queries.invalidateQueries({ queryKey: ["turn", event.turn_id] });
  }
}

export function start(): void {
  feed.start();
  onNeighbour(() => conversation.look());
  document.addEventListener("visibilitychange", () => !isHidden() && conversation.look());
  onLongHidden(() => conversation.leave());
  setInterval(() => !isHidden() && feed.state === "live" && conversation.glance(), LOOK_EVERY);
}
