// Offers a newer build of the page, when there is one. It never takes it by itself: somebody may be in the middle of something.
import { useNewerBuild } from "../api/build";
import { TEXTS } from "../texts";

const T = TEXTS.system;

export function Stale() {
  const { data: isStale } = useNewerBuild();
  return (
    <span className="stale" role="status">
      {isStale && (
        <>
          {T.stale}{" "}
          <button type="button" className="link" onClick={() => location.reload()}>
            {T.reload}
          </button>
        </>
      )}
    </span>
  );
}
