// Buttons, selects and the newer layouts of a message.

import { make, colour } from "./dom.js";
import { markdown } from "./markdown.js";
import { gallery, mediaElement } from "./media.js";
import { translate } from "./texts.js";

const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link", 6: "link" };
const emojiText = (emoji) => (emoji?.id ? `:${emoji.name}:` : emoji?.name);

/** Build components; `press(custom_id, values, element)` is called on a click or selection. */
export function components(list, press, names) {
  const build = (part) => BUILDERS[part.type]?.(part) ?? null;
  const row = (part) => make("div", { class: "row" }, part.components.map(build));
  const BUILDERS = {
    1: row,
    2: (part) => button(part, press),
    3: (part) => select(part, part.options, press),
    5: (part) => select(part, chosen(part, names.people()), press),
    6: (part) => select(part, chosen(part, names.roles()), press),
    8: (part) => select(part, chosen(part, names.channels(part.channel_types)), press),
    9: (part) => section(part, build),
    10: (part) => markdown(part.content, names),
    11: (part) => mediaElement(part.media, part.description),
    12: (part) => gallery(part.items),
    13: (part) => mediaElement({ ...part.file, filename: part.name, size: part.size }),
    14: (part) => make("hr", { class: part.divider ? `gap-${part.spacing}` : "blank" }),
    17: (part) => container(part, build),
  };
  return make("div", { class: "components" }, list.map(build));
}

function button(part, press) {
  const label = [emojiText(part.emoji), part.label].filter(Boolean).join(" ");
  const className = `button ${STYLES[part.style]}`;
  if (part.url) {
    return make("a", { class: className, href: part.url, target: "_blank", rel: "noreferrer" }, `${label} ↗`);
  }
  const element = make("button", { class: className, type: "button", disabled: part.disabled }, label);
  element.dataset.customId = part.custom_id;
  element.addEventListener("click", () => press(part.custom_id, undefined, element));
  return element;
}

function select(part, options, press) {
  const multiple = part.max_values > 1;
  const element = make("select", {
    disabled: part.disabled, multiple, "aria-label": part.placeholder || translate("choose"),
  });
  if (!multiple) element.append(make("option", { value: "" }, part.placeholder || translate("choose")));
  element.append(...choices(options));
  element.addEventListener("change", () => {
    const values = [...element.selectedOptions].map((each) => each.value).filter(Boolean);
    if (values.length >= part.min_values) press(part.custom_id, values, element);
  });
  return multiple ? make("div", {}, make("small", {}, part.placeholder ?? ""), element) : element;
}

/** Mark the options that a menu of people, roles or channels has chosen beforehand. */
function chosen(part, options) {
  const ids = new Set((part.default_values ?? []).map((each) => each.id));
  return options.map((each) => ({ ...each, default: ids.has(each.value) }));
}

export function choices(options) {
  return options.map((option) => {
    const text = [emojiText(option.emoji), option.label].filter(Boolean).join(" ");
    const element = make("option", { value: option.value, title: option.description }, text);
    element.defaultSelected = Boolean(option.default);
    return element;
  });
}

function section(part, build) {
  const text = make("div", { class: "section-text" }, part.components.map(build));
  return make("div", { class: "section" }, text, build(part.accessory));
}

function container(part, build) {
  const style = part.accent_color === null ? undefined : `border-left-color:${colour(part.accent_color)}`;
  return make("div", { class: "container", style }, part.components.map(build));
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
  if (part.image) box.append(make("img", { class: "image", src: part.image.proxy_url || part.image.url, alt: "", "data-keep": part.image.url }));
  if (part.thumbnail) box.append(make("img", { class: part.type === "image" ? "image" : "thumbnail", src: part.thumbnail.proxy_url || part.thumbnail.url, alt: "" }));
  const when = part.timestamp && new Date(part.timestamp).toLocaleString();
  const footerText = [part.footer?.text, when].filter(Boolean).join(" • ");
  if (footerText) box.append(make("footer", {}, footerText));
  return box;
}
