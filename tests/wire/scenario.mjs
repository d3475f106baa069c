// What every scenario shares: its arguments, and JSON lines on standard output that the test reads (tests/wire/node.py).

/** Tells the test something while the scenario goes on. */
export const tell = (seen, more = {}) => process.stdout.write(JSON.stringify({ seen, ...more }) + "\n");

/** Runs `scene(args)`, tells what it returns, and ends the process whatever is still open in it. */
export async function scenario(scene) {
  let line;
  try {
    line = { result: (await scene(JSON.parse(process.argv[2]))) ?? null };
  } catch (error) {
    line = { error: String(error?.stack ?? error) };
  }
  process.stdout.write(JSON.stringify(line) + "\n", () => process.exit(line.error ? 1 : 0));
}

/** A promise and the function that keeps it. */
export function promised() {
  let keep;
  const promise = new Promise((resolve) => (keep = resolve));
  return [promise, keep];
}
