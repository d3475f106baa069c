// Calls of the service: JSON in, JSON out, and two kinds of failure that callers treat differently.
import { TEXTS, say } from "../texts";

const T = TEXTS.network;
const CALL_MAX = 20_000; // ms

/** The service's own refusal: a sentence for people, a code for programs. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail);
  }

  /** Whether the same request may well work in a moment: the service is starting, stopping, or a part of it is away. */
  get passing(): boolean {
    return this.status === 503 || this.status === 502 || this.status === 504;
  }
}

/** Nobody answered, or the connection broke. */
export class Unreachable extends Error {}

export const isPassing = (error: unknown): boolean =>
  error instanceof Unreachable || (error instanceof Problem && error.passing);

/** The service has no such thing. Asking again changes little. */
export const isMissing = (error: unknown): boolean => error instanceof Problem && error.status === 404;

const zone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone; // of now: a laptop travels

export interface Request {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

/** The response of a good status; throws Problem or Unreachable. An abort passes through. */
export async function open(path: string, request: Request = {}): Promise<Response> {
  const headers: Record<string, string> = { "X-Time-Zone": zone(), ...request.headers };
  const init: RequestInit = { method: request.method ?? "GET", headers, cache: "no-store" };
  if (request.signal) init.signal = request.signal;
  if (request.body !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(request.body);
  }
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (request.signal?.aborted) throw error;
    throw new Unreachable(T.unreachable, { cause: error });
  }
  if (response.ok) return response;
  throw await problemOf(response);
}

/** The response of a good status, which begins in time; its body may take as long as it likes. */
export async function answered(path: string, request: Request = {}): Promise<Response> {
  const impatience = new AbortController();
  const timer = setTimeout(() => impatience.abort(tooLate()), CALL_MAX);
  const signal = request.signal ? AbortSignal.any([request.signal, impatience.signal]) : impatience.signal;
  return open(path, { ...request, signal }).finally(() => clearTimeout(timer));
}

/** The parsed body of a good answer. */
export async function call<T>(path: string, request: Request = {}): Promise<T> {
  const signal = AbortSignal.timeout(CALL_MAX);
  try {
    const response = await open(path, { signal, ...request });
    return understood(await wholeOf(response)) as T;
  } catch (error) {
    throw signal.aborted ? tooLate() : error;
  }
}

async function wholeOf(response: Response): Promise<string> {
  return response.text().catch((error: unknown) => {
    throw new Unreachable(T.cut, { cause: error });
  });
}

function understood(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(T.nonsense, { cause: error });
  }
}

const tooLate = () => new Unreachable(say(T.late, { n: CALL_MAX / 1_000 }));

async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text().catch(() => "");
  const code = response.headers.get("X-Error-Code"); // the AI SDK's routes answer in plain text: its client shows the body
  if (code !== null) return new Problem(response.status, code, text.replace(` (${code})`, ""));
  const body = parsed(text);
  if (body !== null && typeof body === "object" && "detail" in body && "code" in body) {
    return new Problem(response.status, String(body.code), String(body.detail));
  }
  return new Problem(response.status, "unknown", response.statusText || say(T.refused, { status: response.status }));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
