// @vitest-environment happy-dom
import { type Root, createRoot } from "react-dom/client";
import "rehype-highlight"; // else it is loaded within the first test
import { afterEach, beforeEach, expect, it, vi } from "vitest";

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
