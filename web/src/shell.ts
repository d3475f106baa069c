// The service worker of sw.js, which shows the page also while the service is gone. The page's policy asks for a trusted address.
type TrustedTypes = { createPolicy(name: string, rules: { createScriptURL(): string }): { createScriptURL(input: string): string } };

/** A comfort: where the browser forbids it, as in some private windows, the page does without. */
export async function keepShell(): Promise<void> {
  if (!import.meta.env.PROD) return;
  try {
    const trusted = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
    const address = trusted?.createPolicy("shell", { createScriptURL: () => "/sw.js" }).createScriptURL("") ?? "/sw.js";
    await navigator.serviceWorker.register(address);
  } catch {
    // see above
  }
}
