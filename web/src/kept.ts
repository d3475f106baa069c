// What a tab keeps over a reload. A comfort: where the browser forbids it, or has no room left, the page does without.

export function kept(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null; // see above
  }
}

export function keep(key: string, value: string): void {
  try {
    sessionStorage.removeItem(key); // what finds no room leaves nothing rather than something that is not true any more
    sessionStorage.setItem(key, value);
  } catch {
    // see above
  }
}
