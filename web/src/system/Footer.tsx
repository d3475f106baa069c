// The quiet line at the foot: which model, which replica, is it live.
import { useAbout } from "../api/service";
import type { Connection } from "../api/feed";
import { TEXTS, say } from "../texts";
import { Stale } from "./Stale";

const T = TEXTS.system;

export function Footer({ connection }: { connection: Connection }) {
  const { data: about } = useAbout();
  return (
    <footer className="system" aria-label={T.region}>
      <span className={`connection ${connection}`} role="status">
        {T.connection[connection]}
      </span>
      {about && (
        <>
          <span className={about.demo ? "demo" : ""}>{about.demo ? T.demo : say(T.model, { name: about.model })}</span>
          <span>{say(T.replica, { n: about.replica })}</span>
          <span>{say(T.version, { v: about.version })}</span>
        </>
      )}
      <Stale />
    </footer>
  );
}
