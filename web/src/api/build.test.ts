import { expect, it } from "vitest";
import { isNewer } from "./build";

const page = (...assets: string[]) => assets.map((name) => `<link href="/assets/${name}"><link href="/icon.svg">`).join("");
const own = page("index-1.js", "index-1.css", "Markdown-1.js"); // the last one was fetched when there was markdown

it.each([
  ["the same build", page("index-1.js", "index-1.css"), own, false],
  ["other scripts", page("index-2.js", "index-1.css"), own, true],
  ["other styles", page("index-1.js", "index-2.css"), own, true],
  ["no build at all", "<h1>Not built</h1>", own, false],
  ["a build, to what is developed", page("index-1.js"), '<script src="/src/main.tsx"></script>', false],
])("%s", (_what, fresh, running, newer) => expect(isNewer(fresh, running)).toBe(newer));
