// Loads every client and says which version it is.
import { readFileSync } from "node:fs";
import { HttpAgent } from "@ag-ui/client";
import { AbstractChat, DefaultChatTransport } from "ai";
import OpenAI from "openai";
import { scenario } from "./scenario.mjs";

await scenario(() => {
  const classes = { "@ag-ui/client": [HttpAgent], ai: [AbstractChat, DefaultChatTransport], openai: [OpenAI] };
  const version = (name) => JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;
  return Object.fromEntries(
    Object.entries(classes).map(([name, parts]) => [name, { version: version(name), parts: parts.map((part) => typeof part) }]),
  );
});
