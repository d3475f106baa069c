// The contrast of what is written with what it is written on, as WCAG 2.2 counts it, from the palette itself.
import { describe, expect, it } from "vitest";
import css from "./base.css?raw";

type Palette = Map<string, string>;

/** The colours of a rule, by their names. */
const coloursOf = (rule: string): Palette =>
  new Map([...rule.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, hex]) => [name!, hex!]));

const [light, dark] = [...css.matchAll(/:root \{([^}]*)\}/g)].map(([, rule]) => coloursOf(rule!)) as [Palette, Palette];

const channels = (hex: string): number[] => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);

function luminance(hex: string): number {
  const [r, g, b] = channels(hex).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** As color-mix(in srgb, ...) does. */
const mixed = (a: string, share: number, b: string): string => {
  const [x, y] = [channels(a), channels(b)];
  const bytes = x.map((c, n) => Math.round(255 * (share * c + (1 - share) * y[n]!)));
  return `#${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
};

const INKS: Record<string, string[]> = {
  // on: what is written there
  bg: ["text", "muted", "accent", "red", "amber", "green"],
  surface: ["text", "muted", "accent", "red", "amber", "green"],
  raised: ["text", "muted", "accent", "red"], // chips, and any button under the pointer
  code: ["text", "muted", "accent", "red", "amber", "green"], // highlighted
  accent: ["on-accent"],
  "accent-soft": ["text", "accent", "red"], // what the person said, a chosen filter
  "red-soft": ["text", "red"],
  "amber-soft": ["text", "amber"],
  "green-soft": ["text", "green"],
};
const EDGES = ["bg", "surface"]; // around fields and in them

describe.each([
  ["light", light],
  ["dark", dark],
])("in the %s", (_scheme, palette) => {
  const colour = (name: string): string => palette.get(name) ?? expect.fail(`there is no --${name}`);

  it.each(Object.entries(INKS).flatMap(([ground, inks]) => inks.map((ink) => [ink, ground] as const)))(
    "%s on %s can be read",
    (ink, ground) => expect(contrast(colour(ink), colour(ground))).toBeGreaterThanOrEqual(4.5),
  );

  it("a primary button can be read under the pointer", () => {
    expect(css).toContain("color-mix(in srgb, var(--accent) 88%, var(--text))");
    const ground = mixed(colour("accent"), 0.88, colour("text"));
    expect(contrast(colour("on-accent"), ground)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(EDGES)("the edge of a field can be seen on %s", (ground) => {
    expect(contrast(colour("field"), colour(ground))).toBeGreaterThanOrEqual(3);
  });

  it("has every colour looked at", () => {
    const named = Object.entries(INKS).flatMap(([ground, inks]) => [ground, ...inks]);
    const looked = new Set([...named, "field", "line"]); // lines say nothing
    expect([...palette.keys()].filter((name) => !looked.has(name))).toEqual([]);
  });
});

it("counts as WCAG does", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
});
