// Answers can come in another order than they were asked for: then what is older must not take the place of what is newer.

export class Order {
  #asked = 0;
  #taken = 0;

  /** What `ask` brings, or null when what was asked for later is there already. A failure takes no place. */
  async newest<T>(ask: () => Promise<T>): Promise<T | null> {
    const place = ++this.#asked;
    const answer = await ask();
    if (place < this.#taken) return null;
    this.#taken = place;
    return answer;
  }
}
