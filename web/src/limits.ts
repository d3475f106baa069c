// Bounds of the service that the page knows, too, under the names they have there: tests/architecture compares them with
// agent/domain/limits.py. The page's own bounds of time stand where they are used.

export const MESSAGE_BYTES_MAX = 256 * 1024;
export const MAX_HISTORY = 10; // exchanges the model sees
export const ALTERNATIVES_MAX = 8; // former answers of one message
export const ASSIGNEE_CHARS_MAX = 128;
export const DEADLINE_SECONDS_MAX = 1_825 * 86_400; // five years
export const TASKS_PAGE_MAX = 100;
export const PING_INTERVAL = 10; // seconds
