import { renderToStaticMarkup } from "react-dom/server";
import { expect, it } from "vitest";
import { TEXTS, say } from "../texts";
import { StepPicker } from "./StepPicker";

const T = TEXTS.context;

const drawn = (steps: number[], chosen: number | null = null) =>
  renderToStaticMarkup(<StepPicker steps={steps} chosen={chosen} onChoose={() => undefined} />);

it.each([[[]], [[0]], [[2]]])("is not there where there is nothing to choose: %j", (steps) => {
  expect(drawn(steps)).toBe("");
});

it("offers every step under its label, and shows the newest until another one is chosen", () => {
  const option = (step: number, selected = "") =>
    `<option value="${step}"${selected}>${say(T.stepOf, { n: step + 1, of: 3 })}</option>`;
  const field = (options: string) => `<label class="which"><span>${T.step}</span><select>${options}</select></label>`;
  expect(drawn([0, 1, 2])).toBe(field(option(0) + option(1) + option(2, ' selected=""')));
  expect(drawn([0, 1, 2], 0)).toBe(field(option(0, ' selected=""') + option(1) + option(2)));
});

it("counts the steps of which nothing was kept", () => {
  expect(drawn([1, 2])).toContain(say(T.stepOf, { n: 2, of: 3 }));
  expect(drawn([1, 2])).not.toContain(say(T.stepOf, { n: 1, of: 3 }));
});
