// Where a member writes, picks a picture, and fills a command's options.

import { make } from "./dom.js";
import { optionField } from "./fields.js";
import { localized, say } from "./words.js";

export class Composer {
  /** `does` holds upload, say, command, names, channel and fail. */
  constructor(place, does) {
    this.place = place;
    this.does = does;
    this.commands = [];
    this.picture = null;
    place.addEventListener("dragover", (event) => event.preventDefault());
    place.addEventListener("drop", (event) => this.take(event, event.dataTransfer.files[0]));
    document.addEventListener("paste", (event) => this.take(event, event.clipboardData.files[0]));
    this.plain();
  }

  take(event, file) {
    if (!file) return;
    event.preventDefault();
    this.hold(file);
  }

  hold(file) {
    this.picture = file;
    const slot = this.place.querySelector('form input[type="file"][name]');
    if (slot) this.fill(slot, file);
    else this.plain();
  }

  fill(slot, file) {
    const carrier = new DataTransfer();
    carrier.items.add(file);
    slot.files = carrier.files;
    slot.dispatchEvent(new Event("change"));
  }

  offer(commands) {
    this.commands = commands.filter((command) => command.type === 1);
    if (this.place.querySelector(".box")) this.list();
  }

  plain() {
    const text = make("input", {
      type: "text", class: "text", maxlength: 2000, autocomplete: "off", role: "combobox",
      "aria-label": say("write", { channel: this.does.channel() }), "aria-expanded": "false",
      placeholder: say("write", { channel: this.does.channel() }),
    });
    const file = make("input", { type: "file", id: "pick", class: "away", accept: "image/*" });
    file.addEventListener("change", () => file.files[0] && this.hold(file.files[0]));
    const plus = make("label", { for: "pick", class: "plus", title: say("add_file"), "aria-label": say("add_file") }, "+");
    this.options = make("ul", { class: "commands", role: "listbox", "aria-label": say("commands"), hidden: true });
    text.addEventListener("input", () => this.list());
    text.addEventListener("keydown", (event) => this.key(event));
    this.text = text;
    const box = make("div", { class: "box" }, file, plus, text);
    this.place.replaceChildren(...[this.options, this.preview(), box].filter(Boolean));
  }

  preview() {
    if (!this.picture) return null;
    const picture = make("img", { src: URL.createObjectURL(this.picture), alt: this.picture.name });
    const remove = make("button", { type: "button", "aria-label": say("remove"), onclick: () => { this.picture = null; this.plain(); } }, "✕");
    return make("div", { class: "preview" }, picture, make("span", {}, this.picture.name), remove);
  }

  list() {
    const wish = this.text.value;
    const name = wish.slice(1).toLowerCase();
    const fits = (command) => localized(command, "name").startsWith(name) || command.name.startsWith(name);
    const found = wish.startsWith("/") ? this.commands.filter(fits) : [];
    this.options.hidden = !found.length;
    this.text.setAttribute("aria-expanded", String(Boolean(found.length)));
    this.options.replaceChildren(...found.map((command, at) =>
      make("li", { role: "option", "aria-selected": String(at === 0), "data-command": command.name, onclick: () => this.ask(command) },
        make("b", {}, `/${localized(command, "name")}`), make("span", {}, localized(command, "description")))));
  }

  key(event) {
    const items = [...this.options.children];
    const at = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && items.length) {
      event.preventDefault();
      items.forEach((item, place) =>
        item.setAttribute("aria-selected", String(place === (at + step + items.length) % items.length)));
    } else if ((event.key === "Enter" || event.key === "Tab") && !this.options.hidden) {
      event.preventDefault();
      items[at]?.click();
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      this.send();
    }
  }

  async send() {
    const content = this.text.value.trim();
    if (!content && !this.picture) return;
    try {
      const files = this.picture ? [(await this.does.upload(this.picture)).id] : [];
      await this.does.say(content, files);
      this.picture = null;
      this.plain();
      this.text.focus();
    } catch (error) {
      this.does.fail(error.message);
    }
  }

  ask(command) {
    const fields = (command.options || []).map((option) => optionField(option, this.does.names));
    const problem = make("p", { class: "problem", role: "alert" });
    const cancel = make("button", { type: "button", class: "button plain", onclick: () => this.plain() }, say("cancel"));
    const send = make("button", { type: "submit", class: "button primary" }, say("send"));
    const head = make("header", {}, make("b", {}, `/${localized(command, "name")}`), make("span", {}, localized(command, "description")));
    const form = make("form", { class: "command", "aria-label": `/${localized(command, "name")}` },
      head, make("div", { class: "grid" }, fields.map((field) => field.element)), problem,
      make("div", { class: "ends" }, cancel, send));
    form.addEventListener("submit", (event) => this.order(event, command, fields, { problem, send }));
    form.addEventListener("keydown", (event) => event.key === "Escape" && this.plain());
    this.place.replaceChildren(form);
    const slot = fields.find((field) => field.input.type === "file")?.input;
    for (const field of fields.filter((each) => each.input.type === "file")) this.thumb(field.input);
    if (slot && this.picture) this.fill(slot, this.picture);
    fields.find((field) => !field.input.files?.length)?.input.focus();
  }

  thumb(input) {
    const picture = make("img", { class: "thumb", alt: "", hidden: true });
    input.after(picture);
    input.addEventListener("change", () => {
      picture.hidden = !input.files[0];
      if (input.files[0]) picture.src = URL.createObjectURL(input.files[0]);
    });
  }

  async order(event, command, fields, { problem, send }) {
    event.preventDefault();
    send.disabled = true;
    try {
      const options = {};
      for (const field of fields) {
        const value = await field.value(this.does.upload);
        if (value !== undefined) options[field.option.name] = value;
      }
      this.picture = null;
      const answer = this.does.command(command, options);
      await answer.sent;
      this.plain();
      this.text.focus();
    } catch (error) {
      problem.textContent = error.message;
      send.disabled = false;
    }
  }
}
