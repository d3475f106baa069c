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
