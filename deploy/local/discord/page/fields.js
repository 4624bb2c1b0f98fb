// Labelled inputs for command options and modal fields.

import { choices } from "./components.js";
import { make } from "./dom.js";
import { localized, translate } from "./texts.js";

const STRING = 3, INTEGER = 4, BOOLEAN = 5, USER = 6, CHANNEL = 7, NUMBER = 10, ATTACHMENT = 11;
let count = 0;

function labelled(label, hint, input, wide) {
  input.id = `field-${(count += 1)}`;
  const note = hint ? make("small", { id: `${input.id}-hint` }, hint) : null;
  if (note) input.setAttribute("aria-describedby", note.id);
  const box = make("div", { class: wide ? "field-box wide" : "field-box" });
  box.append(...[make("label", { for: input.id }, label), input, note].filter(Boolean));
  return box;
}

function optionInput(option, names) {
  const { type, required } = option;
  const list = option.choices?.map((each) => ({ value: String(each.value), label: localized(each, "name") }))
    ?? (type === USER ? names.people() : type === CHANNEL ? names.channels() : null);
  if (type === BOOLEAN) {
    return selectOf([{ value: "true", label: translate("yes") }, { value: "false", label: translate("no") }], required);
  }
  if (list) return selectOf(list, required);
  if (type === ATTACHMENT) return make("input", { type: "file", required });
  if (type === STRING) {
    return make("input", { type: "text", required, minlength: option.min_length, maxlength: option.max_length, autocomplete: "off" });
  }
  return make("input", {
    type: "number", required, min: option.min_value, max: option.max_value, step: type === INTEGER ? 1 : "any",
  });
}

function selectOf(list, required) {
  return make("select", { required }, make("option", { value: "" }, "—"), choices(list));
}

function range(option) {
  const low = option.min_value ?? option.min_length, high = option.max_value ?? option.max_length;
  if (low === undefined && high === undefined) return "";
  return ` (${low ?? "…"}–${high ?? "…"})`;
}

/** Build a command option: its element, and its value to send (undefined if left empty). */
export function optionField(option, names) {
  const input = optionInput(option, names);
  input.name = option.name;
  const label = `${localized(option, "name")}${option.required ? "" : ` · ${translate("optional")}`}`;
  const hint = `${localized(option, "description")}${range(option)}`;
  const wide = option.type === ATTACHMENT || (option.type === STRING && !option.choices);
  const element = labelled(label, hint, input, wide);
  async function value(upload) {
    if (option.type === ATTACHMENT) return input.files[0] ? (await upload(input.files[0])).id : undefined;
    if (input.value === "") return undefined;
    if (option.type === BOOLEAN) return input.value === "true";
    return [INTEGER, NUMBER].includes(option.type) ? Number(input.value) : input.value;
  }
  return { option, element, input, value };
}

const selectedValues = (input) => [...input.selectedOptions].map((each) => each.value).filter(Boolean);

function choiceBoxes(part, type) {
  const name = `boxes-${(count += 1)}`;
  const inputs = (part.options || []).map((option) =>
    make("input", { type, name, value: option.value, checked: Boolean(option.default) }));
  const labels = inputs.map((input, at) => make("label", {}, input, ` ${part.options[at].label}`));
  const element = make("fieldset", {}, labels);
  const chosen = () => inputs.filter((input) => input.checked).map((input) => input.value);
  return { element, value: type === "radio" ? () => chosen()[0] ?? null : chosen };
}

function textInput(part) {
  const required = part.required !== false;
  const common = { required, minlength: part.min_length, maxlength: part.max_length ?? 4000, placeholder: part.placeholder };
  const tag = part.style === 2 ? "textarea" : "input";
  const input = make(tag, { ...common, value: part.value || "", autocomplete: "off", rows: tag === "textarea" ? 4 : undefined });
  return { element: input, value: () => input.value };
}

function selectInput(part, names) {
  const multiple = (part.max_values ?? 1) > 1;
  const input = make("select", { multiple, required: part.required !== false });
  if (!multiple) input.append(make("option", { value: "" }, part.placeholder || translate("choose")));
  input.append(...choices(part.type === 5 ? names.people() : part.options || []));
  return { element: input, value: () => selectedValues(input) };
}

/** Build a modal's field: its element, and its value to send. */
export function modalField(label, part, names, upload) {
  const found = modalInput(part, names, upload);
  if (part.custom_id) found.element.name = part.custom_id;
  return { key: part.custom_id, value: found.value, element: labelled(label.label, label.description, found.element, true) };
}

function modalInput(part, names, upload) {
  if (part.type === 4) return textInput(part);
  if (part.type === 19) {
    const input = make("input", { type: "file", multiple: (part.max_values ?? 1) > 1, required: part.required !== false });
    const value = async () => (await Promise.all([...input.files].map(upload))).map((file) => file.id);
    return { element: input, value };
  }
  if (part.type === 21) return choiceBoxes(part, "radio");
  if (part.type === 22) return choiceBoxes(part, "checkbox");
  if (part.type === 23) {
    const input = make("input", { type: "checkbox", checked: Boolean(part.default) });
    return { element: input, value: () => input.checked };
  }
  return selectInput(part, names);
}
