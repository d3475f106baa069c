// What the page asks about the service and about contexts.
import { queryOptions, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { call } from "./http";
import type { About, Context, History, Turn } from "./types";

export const CONVERSATION = "main";

export const useAbout = () => useQuery({ queryKey: ["about"], queryFn: () => call<About>("/about"), staleTime: Infinity });

/** What the model would be sent now, or, with a turn, what it was sent for a step of that one: the newest, when it is null. */
export const seen = (turn: string | null, step: number | null) =>
  queryOptions({
    queryKey: ["context", turn ?? "now", step],
    queryFn: () => {
      if (turn === null) return call<Context>(`/context?conversation=${CONVERSATION}`);
      return call<Context>(`/turns/${encodeURIComponent(turn)}/context${step === null ? "" : `?step=${step}`}`);
    },
    // Until one step has come, another one of the same turn is shown; nothing of one turn under the name of another.
    placeholderData: (last, query) => (query?.queryKey[1] === (turn ?? "now") ? last : undefined),
  });

export const useContext = (turn: string | null, step: number | null) => useQuery(seen(turn, step));

/** The turns of the conversation, page by page: the newest page first, and in each the newest turn last. */
export const useTurns = () =>
  useInfiniteQuery({
    queryKey: ["context", "turns"],
    initialPageParam: null as number | null,
    queryFn: ({ pageParam }) =>
      call<History>(`/history?conversation=${CONVERSATION}&limit=50${pageParam === null ? "" : `&before=${pageParam}`}`),
    getNextPageParam: (page) => page.next,
  });

/**
 * What became of a turn; asked again while an undo is under way: the feed, which tells its end, is only a hint. Once it has ended,
 * and its undo, nobody asks again but for a reason.
 */
export const ofTurn = (turn: string) =>
  queryOptions({
    queryKey: ["turn", turn],
    queryFn: () => call<Turn>(`/turns/${encodeURIComponent(turn)}`),
    staleTime: ({ state: { data } }) => (data && isOver(data) ? Infinity : 0),
    refetchInterval: ({ state: { data } }) => (data?.undo?.status === "ordered" ? 2_000 : false),
  });

const isOver = ({ status, undo }: Turn): boolean => status !== "queued" && status !== "running" && undo?.status !== "ordered";

export const useTurn = (turn: string, enabled: boolean) => useQuery({ ...ofTurn(turn), enabled });
