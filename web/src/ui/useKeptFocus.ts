// A button may go by being pressed, and the focus with it, to where no key leads anywhere: it is given to an heir instead.
import { type RefObject, useEffect, useRef } from "react";

/** For the buttons within `region`, which is drawn by who calls this. A touch has no use for focus: it would open a keyboard. */
export function useKeptFocus(region: RefObject<HTMLElement | null>, heirOf: (gone: Element) => HTMLElement | null): void {
  const focused = useRef<HTMLButtonElement | null>(null);
  const isTouched = useRef(false);

  useEffect(() => {
    const take = ({ target }: FocusEvent) => {
      const isOurs = target instanceof HTMLButtonElement && region.current?.contains(target) === true;
      focused.current = isOurs && !isTouched.current ? target : null;
    };
    const point = (event: PointerEvent) => {
      isTouched.current = event.pointerType === "touch";
      if (isTouched.current || !focused.current?.contains(event.target as Node)) focused.current = null; // given up on purpose
    };
    const type = () => void (isTouched.current = false);
    document.addEventListener("focusin", take);
    document.addEventListener("pointerdown", point);
    document.addEventListener("keydown", type);
    return () => {
      document.removeEventListener("focusin", take);
      document.removeEventListener("pointerdown", point);
      document.removeEventListener("keydown", type);
    };
  }, [region]);

  useEffect(() => {
    const button = focused.current;
    if (!button || (button.isConnected && !button.disabled)) return;
    focused.current = null;
    if (document.activeElement === document.body || document.activeElement === button) heirOf(button)?.focus();
  });
}
