// The rule that every word of the page stands in texts.ts, checked on the source itself.
import { parseSync } from "vite";
import { expect, it } from "vitest";

const FILES = import.meta.glob<string>(["./**/*.{ts,tsx}", "!./**/*.{test,fixtures}.*", "!./texts.ts"], {
  query: "?raw",
  import: "default",
  eager: true,
});
const SPOKEN = new Set(["alt", "aria-description", "aria-label", "aria-roledescription", "aria-valuetext", "label", "placeholder", "title"]);
const LETTERS = /\p{L}/u;

type Node = { type: string; [field: string]: unknown };

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && "type" in value;
const within = (node: Node): Node[] => Object.values(node).flat().filter(isNode);

/** What is written out in a file of the page for people to read: between tags, in what is put there, and in attributes they meet. */
function written(name: string, code: string): string[] {
  const { program, errors } = parseSync(name, code);
  expect(errors).toEqual([]);
  return [program as unknown as Node].flatMap(inTree);
}

function inTree(node: Node): string[] {
  if (node.type === "JSXText") return worded(node.value);
  if (node.type === "JSXElement" || node.type === "JSXFragment") return within(node).flatMap(shown);
  if (node.type === "JSXAttribute") return SPOKEN.has((node.name as { name: string }).name) ? shown(node) : inParts(node);
  return inParts(node);
}

const inParts = (node: Node) => within(node).flatMap(inTree);

/** Of an expression whose value is drawn: each literal that it may come to. Functions that are called say theirs where they are. */
function shown(node: Node): string[] {
  switch (node.type) {
    case "Literal":
      return worded(node.value);
    case "TemplateLiteral":
      return [...(node.quasis as { value: { cooked: string } }[]).flatMap(({ value }) => worded(value.cooked)), ...inParts(node)];
    case "JSXAttribute":
      return isNode(node.value) ? shown(node.value) : [];
    case "ConditionalExpression":
      return [...inTree(node.test as Node), ...shown(node.consequent as Node), ...shown(node.alternate as Node)];
    case "LogicalExpression":
    case "JSXExpressionContainer":
      return within(node).flatMap(shown);
    case "BinaryExpression":
      return node.operator === "+" ? within(node).flatMap(shown) : inParts(node);
    default:
      return inTree(node);
  }
}

const worded = (value: unknown): string[] => (typeof value === "string" && LETTERS.test(value) ? [value.trim()] : []);

it("looks at the page", () => expect(Object.keys(FILES)).toContain("./chat/Chat.tsx"));

it.each(Object.entries(FILES))("%s has no words of its own", (name, code) => expect(written(name, code)).toEqual([]));

it.each([
  ["<p>Hello</p>", "Hello"],
  ["<p>{gone ? 'Gone' : T.here}</p>", "Gone"],
  ["<p>{n > 1 && `${n} of them`}</p>", "of them"],
  ["<p>{'due ' + when}</p>", "due"],
  ["<>Bare</>", "Bare"],
  ["<input placeholder='Your name' />", "Your name"],
  ["<b aria-label={big ? `Big ${x}` : T.small} />", "Big"],
  ["list.map((x) => <li key={x}>Item</li>)", "Item"],
])("would find the words in %s", (code, words) => expect(written("a.tsx", code)).toEqual([words]));

it.each([
  "<p className='muted' role='status' aria-live={x ? 'polite' : 'off'}>{T.said} …</p>",
  "<p>{status === 'running' ? T.a : T.b}</p>",
  "<p>{parts.join(' · ')}</p>",
])("has nothing against %s", (code) => expect(written("a.tsx", code)).toEqual([]));
