// Runs before each file of tests: waits for a condition as long as a busy machine may need, not vitest's one second.
import { vi } from "vitest";

const { waitUntil } = vi;
vi.waitUntil = (holds, options = 30_000) => waitUntil(holds, options);
