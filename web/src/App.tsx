// The page: chat, and beside it tasks or context; on a narrow screen one of the three.
import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { Chat } from "./chat/Chat";
import { Inspector } from "./context/Inspector";
import { conversation, feed } from "./live";
import { Down } from "./system/Down";
import { Footer } from "./system/Footer";
import { Board } from "./tasks/Board";
import { SEARCH } from "./tasks/Choices";
import { FIRST_CHOICE } from "./tasks/select";
import { TEXTS } from "./texts";

type Pane = "chat" | "tasks" | "context";
const PANES: Pane[] = ["chat", "tasks", "context"];

export function App() {
  const [pane, setPane] = useState<Pane>("chat");
  const [side, setSide] = useState<Exclude<Pane, "chat">>("tasks");
  const [opened, setOpened] = useState<string | null>(null);
  const [choice, setChoice] = useState(FIRST_CHOICE);
  const connection = useSyncExternalStore(feed.subscribe, () => feed.state);

  const show = useCallback((next: Pane) => {
    setPane(next);
    if (next !== "chat") setSide(next);
  }, []);
  const openTask = useCallback(
    (id: string) => {
      setOpened(id);
      show("tasks");
    },
    [show],
  );
  const find = useCallback(() => {
    setOpened(null);
    show("tasks");
  }, [show]);
  useShortcuts(show, find);

  return (
    <div className={`app show-${pane}`}>
      <header className="top">
        <h1>
          <img src="/icon.svg" alt="" width="22" height="22" /> {TEXTS.name}
        </h1>
        <nav aria-label={TEXTS.panes.label}>
          {PANES.map((name) => (
            <button
              key={name}
              type="button"
              className={name}
              aria-current={name === pane || (name === side && pane === "chat") ? "true" : undefined}
              onClick={() => show(name)}
            >
              {TEXTS.panes[name]}
            </button>
          ))}
        </nav>
      </header>
      <main>
        <Chat conversation={conversation} onTask={openTask} />
        <aside aria-label={TEXTS.panes.side}>
          {side === "tasks" ? <Board {...{ opened, choice }} onOpen={setOpened} onChoose={setChoice} /> : <Inspector />}
        </aside>
      </main>
      <Footer connection={connection} />
      {connection === "down" && <Down />}
    </div>
  );
}

/** With Ctrl or Cmd: K leads to the search of tasks, also from within one, and "/" to the message box. None is a single character:
 *  who speaks to the computer, or slips, would set one off (WCAG 2.1.4). */
function useShortcuts(show: (pane: Pane) => void, find: () => void): void {
  useEffect(() => {
    const keys = (event: KeyboardEvent) => {
      if (event.altKey || !(event.ctrlKey || event.metaKey)) return;
      if (event.key.toLowerCase() === "k") focus(find, SEARCH);
      else if (event.key === "/") focus(() => show("chat"), "message");
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", keys);
    return () => document.removeEventListener("keydown", keys);
  }, [show, find]);
}

function focus(show: () => void, id: string): void {
  show();
  requestAnimationFrame(() => document.getElementById(id)?.focus());
}
