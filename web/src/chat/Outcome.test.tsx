import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, it } from "vitest";
import { ALTERNATIVES_MAX } from "../limits";
import { TEXTS, say } from "../texts";
import { Outcome } from "./Outcome";
import { Conversation } from "./conversation";
import type { Message } from "./wire";

const question: Message = { id: "t.user", role: "user", parts: [] };

/** Of the newest answer, when there are so many former ones. */
function outcome(alternatives: number): string {
  const answer: Message = { ...question, id: "t", role: "assistant", metadata: { turn_id: "t", status: "completed", alternatives } };
  return renderToStaticMarkup(
    <QueryClientProvider client={new QueryClient()}>
      <Outcome {...{ answer, question }} newest conversation={new Conversation("main", () => undefined)} />
    </QueryClientProvider>,
  );
}

it("offers another answer as long as the service gives one, and then says why not", () => {
  const why = say(TEXTS.chat.noMoreAnswers, { n: ALTERNATIVES_MAX });
  expect(outcome(ALTERNATIVES_MAX - 1)).toContain(`<button type="button" class="quiet">`);
  expect(outcome(ALTERNATIVES_MAX - 1)).not.toContain(why);
  expect(outcome(ALTERNATIVES_MAX)).toContain(`<button type="button" class="quiet" disabled="">`);
  expect(outcome(ALTERNATIVES_MAX)).toContain(why);
});
