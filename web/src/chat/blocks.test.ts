import { describe, expect, it } from "vitest";
import { blocks } from "./blocks";

describe("blocks", () => {
  it("cuts between paragraphs, and loses nothing", () => {
    const text = "One.\n\nTwo,\nstill two.\n\n# Three\n";
    expect(blocks(text)).toEqual(["One.\n\n", "Two,\nstill two.\n\n", "# Three\n"]);
  });

  it("keeps a fence whole, blank lines and all, also while it is open", () => {
    const text = "Look:\n\n```python\na = 1\n\nb = 2\n```\n\nDone.";
    expect(blocks(text)).toEqual(["Look:\n\n", "```python\na = 1\n\nb = 2\n```\n\n", "Done."]);
    expect(blocks("~~~\na\n\nb")).toEqual(["~~~\na\n\nb"]);
    expect(blocks("````\n```\n\nb\n````\n\nc")).toEqual(["````\n```\n\nb\n````\n\n", "c"]);
  });

  it("takes code within a line for what it is, though it stands at the start of one", () => {
    const code = "```js\na\n\nb\n```\n\n";
    expect(blocks(`\`\`\`json {"a":1}\`\`\`\n\n${code}Done.`)).toEqual(['```json {"a":1}```\n\n', code, "Done."]);
    expect(blocks("~~~ `a`\nb\n\nc\n~~~\n\nd")).toEqual(["~~~ `a`\nb\n\nc\n~~~\n\n", "d"]); // tildes are never within a line
  });

  it.each([
    ["that begins with the item", "- ```js\n  a\n  ```\n\n"],
    ["that begins with the item of an item", "1. - ~~~\n     a\n     ~~~\n\n"],
    ["on lines of its own", "10. So:\n\n    ```js\n    a\n    ```\n\n"],
    ["behind a tab", "-\tSo:\n\t```js\n\ta\n\t```\n\n"],
    ["that is open when the item ends", "- ```js\n  a\n\n"],
  ])("is not misled by a fence in a list: %s", (_where, list) => {
    const code = "```js\na\n\nb\n```\n\n";
    expect(blocks(`${list}Then:\n\n${code}Done.`)).toEqual([list, "Then:\n\n", code, "Done."]);
  });

  it("knows a fence below a list from one in it", () => {
    const code = "1. Do this:\n  ```js\n  a\n\nb\n  ```\n\n"; // less indented than the item's text: not in it
    expect(blocks(`${code}Done.`)).toEqual([code, "Done."]);
  });

  it("keeps a loose list, and what is indented under it", () => {
    const text = "1. a\n\n   more of a\n\n2. b\n\nAfter.";
    expect(blocks(text)).toEqual(["1. a\n\n   more of a\n\n2. b\n\n", "After."]);
  });

  it("keeps together what its definitions are for, wherever they stand, but not because of code that looks like one", () => {
    for (const text of ["See [docs][1].\n\n[1]: https://example.com\n\nMore.", "So.[^a]\n\nMore.\n\n  [^a]: Because."]) {
      expect(blocks(text)).toEqual([text]);
    }
    expect(blocks("a\n\n```\n[1]: x\n```\n\n    [2]: y\n\n- [x] z\n\nb [3]: c")).toHaveLength(4);
  });

  it("joins to what it was given", () => {
    for (const text of ["", "\n\n", "a\n\n\n\nb\n", "- x\n\n\n  y\n\nz", "| a |\n|---|\n| b |\n\nc"]) {
      expect(blocks(text).join("")).toBe(text);
    }
  });
});
