// Creating elements; text is never parsed as HTML.

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "muted") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const HUES = [235, 12, 150, 285, 190, 340];

export function avatar(user) {
  const hue = HUES[Number(BigInt(user.id) % BigInt(HUES.length))];
  const name = user.global_name || user.username;
  const style = user.bot ? "background:#5865f2" : `background:hsl(${hue} 55% 45%)`;
  return make("div", { class: "avatar", style, "aria-hidden": true }, user.bot ? "▶" : name[0]);
}

export function colour(number) {
  return `#${(number ?? 0x1e1f22).toString(16).padStart(6, "0")}`;
}
