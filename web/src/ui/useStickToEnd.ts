// A list that grows at its end stays there, unless the person has scrolled away to read.
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

const NEAR = 48; // px

export function useStickToEnd(box: RefObject<HTMLElement | null>, content: RefObject<HTMLElement | null>) {
  const sticks = useRef(true);
  const [away, setAway] = useState(false);

  const toEnd = useCallback(() => {
    sticks.current = true;
    box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [box]);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const look = () => {
      sticks.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
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
