// Keeps the page's first document, for the time when the service is gone: a reload then shows the page, which says so and comes
// back by itself, and not the browser's own error. Nothing else is kept: assets are in the browser's cache for good (their names
// are hashes), and everything that can change is asked for as if this were not there.
const SHELL = "shell";

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(SHELL).then((shell) => shell.add("/")));
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { mode, url } = event.request;
  if (mode === "navigate" && new URL(url).pathname === "/") event.respondWith(firstDocument(event.request));
});

async function firstDocument(request) {
  const shell = await caches.open(SHELL);
  try {
    const answer = await fetch(request);
    if (answer.status < 500) {
      await shell.put("/", answer.clone());
      return answer;
    }
  } catch {
    // not reached; what was kept is better than what the browser would say
  }
  return (await shell.match("/")) ?? Response.error();
}
