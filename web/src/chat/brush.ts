// Paints the newest of many snapshots, so that a fast stream costs no more than eyes can follow.
const EVERY = 40; // ms
const WHOLE = 120; // a replay comes in one burst: it is shown when it is whole, so that nothing seems to start anew

export class Brush<T> {
  #newest: T | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wait: number;

  /** `isNew`: what comes begins now, and its first word is awaited; otherwise it is a replay. */
  constructor(
    private readonly onPaint: (value: T) => void,
    isNew: boolean,
  ) {
    this.#wait = isNew ? 0 : WHOLE;
  }

  /** Where that is not `due` it waits for one that is, or for the end. */
  paint(value: T, due: boolean): void {
    this.#newest = value;
    if (due) this.#timer ??= setTimeout(() => this.flush(), this.#wait);
  }

  flush(): void {
    const newest = this.#newest;
    this.drop();
    this.#wait = EVERY;
    if (newest !== null) this.onPaint(newest);
  }

  drop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#newest = null;
  }
}
