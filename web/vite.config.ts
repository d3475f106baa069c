// The build goes where the service looks for it: agent/page, which is inside the wheel.
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { TEXTS, say } from "./src/texts.ts";

const SERVICE = process.env.TASK_AGENT_URL ?? "http://127.0.0.1:8080";
const ROUTES = ["/api", "/about", "/context", "/dev", "/events", "/history", "/readyz", "/tasks", "/turns", "/workflows"];

const texts: Plugin = {
  name: "texts",
  transformIndexHtml: { order: "pre", handler: (html) => say(html, { ...TEXTS.document, locale: TEXTS.locale }) },
};

export default defineConfig({
  plugins: [react(), texts],
  build: {
    outDir: "../agent/page",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // a data: address is not among what the Content-Security-Policy allows for scripts and styles
    modulePreload: { polyfill: false },
  },
  test: {
    css: { include: /base\.css/ }, // whose palette is looked at; other styles are nothing to a test
    setupFiles: "src/patience.fixtures.ts",
    testTimeout: 60_000, // a busy machine takes seconds for what a test imports
    hookTimeout: 60_000,
  },
  server: { proxy: Object.fromEntries(ROUTES.map((route) => [route, { target: SERVICE, changeOrigin: true }])) },
});
