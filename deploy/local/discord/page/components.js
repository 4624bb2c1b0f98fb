// Buttons, selects and the newer layouts of a message.

import { make, colour } from "./dom.js";
import { markdown } from "./markdown.js";
import { gallery, show } from "./media.js";
import { say } from "./words.js";

const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link", 6: "link" };
const emojiText = (emoji) => (emoji?.id ? `:${emoji.name}:` : emoji?.name);

/** `press(custom_id, values, element)` is called when a member acts. */
export function components(list, press, names) {
  const one = (part) => BUILDERS[part.type]?.(part) ?? null;
  const row = (part) => make("div", { class: "row" }, part.components.map(one));
  const BUILDERS = {
    1: row,
    2: (part) => button(part, press),
    3: (part) => select(part, part.options, press),
    5: (part) => select(part, names.people(), press),
    9: (part) => section(part, one),
    10: (part) => markdown(part.content, names),
    11: (part) => show(part.media, part.description),
    12: (part) => gallery(part.items),
    13: (part) => show({ ...part.file, filename: part.name, size: part.size }),
    14: (part) => make("hr", { class: part.divider ? `gap-${part.spacing}` : "blank" }),
    17: (part) => container(part, one),
  };
  return make("div", { class: "components" }, list.map(one));
}

function button(part, press) {
  const label = [emojiText(part.emoji), part.label].filter(Boolean).join(" ");
  const look = `button ${STYLES[part.style]}`;
  if (part.url) {
    return make("a", { class: look, href: part.url, target: "_blank", rel: "noreferrer" }, `${label} ↗`);
  }
  const element = make("button", { class: look, type: "button", disabled: part.disabled }, label);
  element.dataset.customId = part.custom_id;
  element.addEventListener("click", () => press(part.custom_id, undefined, element));
  return element;
}

function select(part, options, press) {
  const several = part.max_values > 1;
  const element = make("select", {
    disabled: part.disabled, multiple: several, "aria-label": part.placeholder || say("choose"),
  });
  if (!several) element.append(make("option", { value: "" }, part.placeholder || say("choose")));
  element.append(...choices(options));
  element.addEventListener("change", () => {
    const values = [...element.selectedOptions].map((each) => each.value).filter(Boolean);
    if (values.length >= part.min_values) press(part.custom_id, values, element);
  });
  return element;
}

export function choices(options) {
  return options.map((option) => {
    const text = [emojiText(option.emoji), option.label].filter(Boolean).join(" ");
    const element = make("option", { value: option.value, title: option.description }, text);
    element.defaultSelected = Boolean(option.default);
    return element;
  });
}

function section(part, one) {
  const words = make("div", { class: "words" }, part.components.map(one));
  return make("div", { class: "section" }, words, one(part.accessory));
}

function container(part, one) {
  const style = part.accent_color === null ? undefined : `border-left-color:${colour(part.accent_color)}`;
  return make("div", { class: "container", style }, part.components.map(one));
}

export function embed(part, names) {
  const box = make("article", { class: "embed", style: `border-left-color:${colour(part.color)}` });
  if (part.author) box.append(make("div", { class: "author" }, part.author.name));
  if (part.title) box.append(make("div", { class: "title" }, ...markdown(part.title, names).childNodes));
  if (part.description) box.append(markdown(part.description, names));
  const fields = (part.fields || []).map((field) =>
    make("div", { class: field.inline ? "field inline" : "field" },
      make("b", {}, field.name), markdown(field.value, names)));
  if (fields.length) box.append(make("div", { class: "fields" }, fields));
  if (part.image) box.append(make("img", { class: "image", src: part.image.url, alt: "", "data-keep": part.image.url }));
  if (part.thumbnail) box.append(make("img", { class: "thumbnail", src: part.thumbnail.url, alt: "" }));
  const when = part.timestamp && new Date(part.timestamp).toLocaleString();
  const foot = [part.footer?.text, when].filter(Boolean).join(" • ");
  if (foot) box.append(make("footer", {}, foot));
  return box;
}
