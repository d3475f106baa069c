// Escape stops the answer, wherever the focus is, unless it is meant for something else.
import { useEffect } from "react";
import { isComposing } from "../ui/composing";
import type { Conversation } from "./conversation";

export function useEscape(conversation: Conversation): void {
  useEffect(() => {
    const keys = (event: KeyboardEvent) => {
      if (event.key === "Escape" && conversation.view.running && !hasOtherUse(event)) void conversation.stop();
    };
    document.addEventListener("keydown", keys);
    return () => document.removeEventListener("keydown", keys);
  }, [conversation]);
}

/** It ends the composition of a character, clears a field or closes its picker, closes a dialog. */
function hasOtherUse(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || isComposing(event) || document.querySelector("dialog[open]")) return true;
  return event.target instanceof Element && event.target.matches("input, select, textarea:not(#message)");
}
