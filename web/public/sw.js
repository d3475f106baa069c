// Keeps the page's first document, for the time when the service is gone: a reload then shows the page, which says so and comes
// back by itself, and not the browser's own error. Its assets are in the browser's cache (their names are hashes, so they never
// age); everything else is asked for as if this were not there.
const SHELL = "shell";
const ANSWER_WITHIN = 5_000; // a process that is frozen takes connections and never answers

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(SHELL).then((shell) => shell.add("/")));
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { mode, url } = event.request;
  if (mode === "navigate" && new URL(url).pathname === "/") event.respondWith(firstDocument(event));
});

async function firstDocument(event) {
  const answer = await fetch(event.request, { signal: AbortSignal.timeout(ANSWER_WITHIN) }).catch(() => null);
  if (answer?.ok) {
    event.waitUntil(keep(answer.clone()).catch(() => undefined));
    return answer;
  }
  // What is no page of ours is shown as it came, and not kept; of a service that is gone or starting, the page tells better.
  if (answer && answer.status < 500) return answer;
  return (await caches.match("/").catch(() => undefined)) ?? answer ?? Response.error();
}

async function keep(answer) {
  await (await caches.open(SHELL)).put("/", answer);
}
