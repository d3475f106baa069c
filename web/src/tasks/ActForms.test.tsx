// @vitest-environment happy-dom
import { type Root, createRoot } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { DEADLINE_SECONDS_MAX } from "../limits";
import { NewDeadline } from "./ActForms";

const onSave = vi.fn<(deadline: string | null) => void>();
let root: Root;
let field: HTMLInputElement;
let save: HTMLButtonElement;

beforeEach(async () => {
  root = createRoot(document.body);
  root.render(<NewDeadline current={null} isBusy={false} onSave={onSave} />);
  field = await vi.waitUntil(() => document.querySelector("input"));
  save = await vi.waitUntil(() => document.querySelector<HTMLButtonElement>("button[type=submit]"));
});
afterEach(() => {
  root.unmount();
  onSave.mockClear();
});

/** As a browser hands it over, which knows more years than happy-dom. */
function write(value: string): void {
  field.type = "text";
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(field, value);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

it.each(["", "20261-05-17T09:30"])("what is no time cannot be saved: %j", async (value) => {
  write(value);
  await vi.waitUntil(() => save.disabled);
  field.form?.requestSubmit();
  expect(onSave).not.toHaveBeenCalled();
});

it("offers no time that the service refuses as too far, and saves the last one it takes", async () => {
  const last = field.max;
  expect((Date.parse(last) - Date.now()) / 1_000).toBeLessThanOrEqual(DEADLINE_SECONDS_MAX);
  write(last);
  await vi.waitUntil(() => field.value === last && !save.disabled);
  field.form?.requestSubmit();
  expect(onSave).toHaveBeenCalledExactlyOnceWith(new Date(last).toISOString());
});

it("saves the deadline that there is, to the second, when nothing else was written", async () => {
  const current = new Date(Date.now() + 7_200_000).toISOString().replace(/\d\d\.\d+Z$/, "45.000Z");
  root.render(<NewDeadline key="due" {...{ current, onSave }} isBusy={false} />);
  await vi.waitUntil(() => field !== document.querySelector("input"));
  document.querySelector("form")?.requestSubmit();
  expect(onSave).toHaveBeenCalledExactlyOnceWith(current);
});
