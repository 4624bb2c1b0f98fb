// Discord's markdown, as far as messages of a bot use it.

import { make } from "./dom.js";
import { currentLocale } from "./texts.js";

const INLINE = [
  [/^`([^`]+)`/, (found) => make("code", {}, found[1])],
  [/^\*\*(.+?)\*\*(?!\*)/s, (found, names) => make("strong", {}, ...inline(found[1], names))],
  [/^__(.+?)__/s, (found, names) => make("u", {}, ...inline(found[1], names))],
  [/^~~(.+?)~~/s, (found, names) => make("s", {}, ...inline(found[1], names))],
  [/^\*([^\s*][^*]*)\*/, (found, names) => make("em", {}, ...inline(found[1], names))],
  [/^_([^\s_][^_]*)_(?!\w)/, (found, names) => make("em", {}, ...inline(found[1], names))],
  [/^<t:(-?\d+)(?::([tTdDfFR]))?>/, (found) => timeElement(Number(found[1]), found[2] || "f")],
  [/^<@!?(\d+)>/, (found, names) => mention(`@${names.user(found[1])}`)],
  [/^<@&(\d+)>/, (found, names) => mention(`@${names.role(found[1])}`)],
  [/^<#(\d+)>/, (found, names) => mention(`#${names.channel(found[1])}`)],
  [/^<\/([^:>]+):\d+>/, (found) => mention(`/${found[1]}`)],
  [/^\[([^\]]+)\]\(<?(https?:[^\s)>]+)>?\)/, (found) => link(found[2], found[1])],
  [/^<?(https?:\/\/[^\s<>]+)>?/, (found) => link(found[1], found[1])],
  [/^\\([*_~`\\|<>#])/, (found) => found[1]],
];
const STYLES = {
  t: { timeStyle: "short" }, T: { timeStyle: "medium" },
  d: { dateStyle: "short" }, D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" }, F: { dateStyle: "full", timeStyle: "short" },
};
const UNITS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]];

const mention = (text) => make("span", { class: "mention" }, text);
const link = (href, text) => make("a", { href, target: "_blank", rel: "noreferrer" }, text);

function timeElement(seconds, style) {
  const date = new Date(seconds * 1000);
  const text = style === "R" ? relative(seconds) : format(date, STYLES[style]);
  const title = format(date, STYLES.F);
  return make("time", { datetime: date.toISOString(), "data-style": style, title }, text);
}

const format = (date, style) => new Intl.DateTimeFormat(currentLocale(), style).format(date);

function relative(seconds) {
  const distance = seconds - Date.now() / 1000;
  const formatter = new Intl.RelativeTimeFormat(currentLocale(), { numeric: "auto" });
  const unit = UNITS.find(([, size]) => Math.abs(distance) >= size);
  return unit
    ? formatter.format(Math.round(distance / unit[1]), unit[0])
    : formatter.format(Math.round(distance), "second");
}

export function refreshRelativeTimes() {
  for (const element of document.querySelectorAll('time[data-style="R"]')) {
    element.textContent = relative(Date.parse(element.dateTime) / 1000);
  }
}

function inline(text, names) {
  const parts = [];
  let plain = "";
  for (let rest = text; rest; ) {
    const rule = INLINE.find(([pattern]) => pattern.test(rest));
    if (!rule) {
      const character = String.fromCodePoint(rest.codePointAt(0));
      plain += character;
      rest = rest.slice(character.length);
      continue;
    }
    const found = rule[0].exec(rest);
    if (plain) parts.push(plain);
    plain = "";
    parts.push(rule[1](found, names));
    rest = rest.slice(found[0].length);
  }
  return plain ? [...parts, plain] : parts;
}

function line(text, names) {
  const heading = /^(#{1,3}) (.*)$/.exec(text);
  if (heading) return make(`h${heading[1].length + 1}`, {}, ...inline(heading[2], names));
  if (text.startsWith("-# ")) return make("small", {}, ...inline(text.slice(3), names));
  if (text.startsWith("> ")) return make("blockquote", {}, ...inline(text.slice(2), names));
  const item = /^\s*[-*] (.*)$/.exec(text);
  if (item) return make("div", { class: "item" }, ...inline(item[1], names));
  return make("div", {}, ...(text ? inline(text, names) : [make("br")]));
}

/** Return the text as an element; `names` gives the names of users and channels. */
export function markdown(text, names) {
  const box = make("div", { class: "markdown" });
  text.split(/```(?:\w*\n)?([\s\S]*?)```\n?/).forEach((part, index) => {
    if (index % 2) box.append(make("pre", {}, make("code", {}, part.replace(/\n$/, ""))));
    else if (part) box.append(...part.replace(/\n$/, "").split("\n").map((each) => line(each, names)));
  });
  return box;
}
