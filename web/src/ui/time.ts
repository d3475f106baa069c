// Times as people say them, in their own zone.
import { useSyncExternalStore } from "react";
import { TEXTS, say } from "../texts";

const U = TEXTS.tasks.units;

/** The two largest units of a span: "3 d 4 h", "12 min 5 s", "8 s". Below a second: "0 s". */
export function span(ms: number): string {
  const s = Math.floor(Math.abs(ms) / 1000);
  const [d, h, m] = [Math.floor(s / 86_400), Math.floor((s % 86_400) / 3_600), Math.floor((s % 3_600) / 60)];
  if (d > 0) return h > 0 ? `${d} ${U.d} ${h} ${U.h}` : `${d} ${U.d}`;
  if (h > 0) return m > 0 ? `${h} ${U.h} ${m} ${U.m}` : `${h} ${U.h}`;
  if (m > 0) return m < 10 ? `${m} ${U.m} ${s % 60} ${U.s}` : `${m} ${U.m}`;
  return `${s} ${U.s}`;
}

/** "due in 3 h", or "5 min overdue". */
export const countdown = (deadline: string, now: number): string => {
  const left = Date.parse(deadline) - now;
  return say(left >= 0 ? TEXTS.tasks.dueIn : TEXTS.tasks.overdueBy, { time: span(left) });
};

const PARTS = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: "UTC" } as const;
const THIS_YEAR = new Intl.DateTimeFormat(TEXTS.locale, PARTS);
const OTHER_YEAR = new Intl.DateTimeFormat(TEXTS.locale, { ...PARTS, year: "numeric" });

/**
 * "Fri 27 Nov, 17:00", with its year where that is another: "Sat, 27 Nov 2027, 17:00". A format keeps the zone it was made in, and a
 * laptop travels: the time is moved to the zone of now, which a Date knows at no cost, and is written as if that were UTC.
 */
export function moment(iso: string): string {
  const at = new Date(iso);
  const format = at.getFullYear() === new Date().getFullYear() ? THIS_YEAR : OTHER_YEAR;
  return format.format(at.getTime() - at.getTimezoneOffset() * 60_000);
}

/** As a field of type datetime-local wants it: local, to the minute. */
export function localInput(at: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** What such a field tells, as an instant: the one that it `was`, where it still says so. It has no seconds, and one hour a year twice. */
export const instantOf = (local: string, was: string | null): string =>
  was !== null && local === localInput(new Date(was)) ? was : new Date(local).toISOString();

let now = Date.now();
const tickers = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(ticker: () => void): () => void {
  tickers.add(ticker);
  if (timer === undefined) now = Date.now(); // nobody has looked at the time since the last ticker left
  timer ??= setInterval(() => {
    now = Date.now();
    for (const tick of tickers) tick();
  }, 1_000);
  return () => {
    tickers.delete(ticker);
    if (tickers.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The time, once a second; one timer for the whole page. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => now);
