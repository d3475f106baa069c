// @vitest-environment happy-dom
import axe from "axe-core";
import { type Root, createRoot } from "react-dom/client";
import "rehype-highlight"; // else it is loaded within the first test
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { TEXTS } from "../texts";

let root: Root;
let Markdown: typeof import("./Markdown").default;

beforeEach(async () => {
  vi.resetModules(); // the highlighter has not been asked for
  Markdown = (await import("./Markdown")).default;
  root = createRoot(document.body);
});
afterEach(() => root.unmount());

it.each(["```js\nlet a;\n```", "10. So:\n\n    ```js\n    let a;\n    ```", "- ```js\n  let a;\n  ```"])(
  "code has colours wherever it stands: %j",
  async (text) => {
    root.render(<Markdown text={text} growing={false} />);
    const word = await vi.waitUntil(() => document.querySelector("pre .hljs-keyword"));
    expect(word.textContent).toBe("let");
  },
);

/** Drawn as Markdown below the heading of a chat. */
async function drawn(text: string): Promise<HTMLElement> {
  root.render(
    <main>
      <h1>Page</h1>
      <h2>Chat</h2>
      <Markdown text={text} growing={false} />
    </main>,
  );
  return vi.waitUntil(() => document.querySelector<HTMLElement>(".prose"));
}

const TABLE = "| | Who |\n|---|---|\n| Review | Bob |\n";

it.each(["- [ ] milk\n- [x] bread", "### Deep", "## One\n\n#### Two\n\n# Three", `${TABLE}\n${TABLE}`, "[](https://example.com)"])(
  "axe has nothing against %j",
  async (text) => {
    await drawn(text);
    document.documentElement.lang = "en";
    document.title = "Page";
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    expect(violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])).toEqual([]);
  },
);

it("what is to be done is a mark that can be read, and no field", async () => {
  const prose = await drawn("- [ ] milk\n- [x] bread");
  const marks = [...prose.querySelectorAll("[role=img]")].map((mark) => mark.getAttribute("aria-label"));
  expect(marks).toEqual([TEXTS.chat.unticked, TEXTS.chat.ticked]);
  expect(prose.querySelector("input")).toBeNull();
});

it("a link without words, and an image without any, say where they lead", async () => {
  const prose = await drawn("[](https://example.com/a) ![](https://example.com/b.png)");
  expect([...prose.querySelectorAll("a")].map((a) => a.textContent)).toEqual(["https://example.com/a", "https://example.com/b.png"]);
});

it.each(["[here](javascript:alert)", "[here](data:text/html,x)", "![here](data:image/png;base64,AA)", "[here]()"])(
  "%s has its words, and leads nowhere",
  async (text) => {
    const prose = await drawn(text);
    expect(prose.textContent).toBe("here");
    expect(prose.querySelector("a")).toBeNull();
  },
);
