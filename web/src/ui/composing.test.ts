import { expect, it } from "vitest";
import { isComposing } from "./composing";

const key = (over: Partial<KeyboardEvent>) => ({ key: "Enter", isComposing: false, keyCode: 13, ...over }) as KeyboardEvent;

it("is told of a key within a composition, and of the one that ends it in Safari", () => {
  expect(isComposing(key({}))).toBe(false);
  expect(isComposing(key({ isComposing: true }))).toBe(true);
  expect(isComposing(key({ keyCode: 229 }))).toBe(true);
});
