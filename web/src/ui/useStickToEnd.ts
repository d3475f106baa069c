// A list that grows at its end stays there, unless the person has scrolled away to read.
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

const NEAR = 48; // px: who comes back so close to the end wants to be there
const AT = 1; // px: a position has fractions, a height has none

export function useStickToEnd(box: RefObject<HTMLElement | null>, content: RefObject<HTMLElement | null>) {
  const sticks = useRef(true);
  const top = useRef(0); // where it was seen last, or moved to
  const [away, setAway] = useState(false);

  const toEnd = useCallback(() => {
    sticks.current = true;
    setAway(false);
    if (!box.current) return;
    box.current.scrollTo({ top: box.current.scrollHeight });
    top.current = box.current.scrollTop;
  }, [box]);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    // It comes a frame late, when the list may have grown: how far the end is tells nothing of what the person wants. That they
    // want to be elsewhere is told by a position that went up, however it was moved. What shrinks lifts it, too: up to the end.
    const look = () => {
      const left = element.scrollHeight - element.scrollTop - element.clientHeight;
      if (element.scrollTop < top.current) sticks.current = left <= AT;
      else if (left < NEAR) sticks.current = true;
      top.current = element.scrollTop;
      setAway(!sticks.current);
    };
    element.addEventListener("scroll", look, { passive: true });
    return () => element.removeEventListener("scroll", look);
  }, [box]);

  useLayoutEffect(() => {
    if (!box.current || !content.current) return;
    const sizes = new ResizeObserver(() => sticks.current && toEnd());
    sizes.observe(content.current);
    sizes.observe(box.current);
    return () => sizes.disconnect();
  }, [box, content, toEnd]);

  return { away, toEnd };
}
