// The service worker of sw.js, which shows the page also while the service is gone. The page's policy asks for a trusted address.
type TrustedTypes = { createPolicy(name: string, rules: { createScriptURL(): string }): { createScriptURL(input: string): string } };

export function keepShell(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  const trusted = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
  const address = trusted?.createPolicy("shell", { createScriptURL: () => "/sw.js" }).createScriptURL("") ?? "/sw.js";
  navigator.serviceWorker.register(address).catch(() => undefined); // forbidden by the browser, as in some private windows
}
