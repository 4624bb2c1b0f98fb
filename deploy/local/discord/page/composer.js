// The text input, the picture to upload, and the form of a command's options.

import { make } from "./dom.js";
import { optionField } from "./fields.js";
import { localized, translate } from "./texts.js";

export class Composer {
  /**
   * `actions` holds upload, post, command, names, channel and showError. The text input is
   * shown with the commands: "/name" typed before them would be posted as text.
   */
  constructor(place, actions) {
    this.place = place;
    this.actions = actions;
    this.commands = [];
    this.picture = null;
    place.addEventListener("dragover", (event) => event.preventDefault());
    place.addEventListener("drop", (event) => this.acceptFile(event, event.dataTransfer.files[0]));
    document.addEventListener("paste", (event) => this.acceptFile(event, event.clipboardData.files[0]));
  }

  acceptFile(event, file) {
    if (!file) return;
    event.preventDefault();
    this.setPicture(file);
  }

  setPicture(file) {
    this.picture = file;
    const fileInput = this.place.querySelector('form input[type="file"][name]');
    if (fileInput) this.setFile(fileInput, file);
    else this.showTextInput();
  }

  setFile(input, file) {
    const transfer = new DataTransfer();
    transfer.items.add(file);
    input.files = transfer.files;
    input.dispatchEvent(new Event("change"));
  }

  setCommands(commands) {
    this.commands = commands.filter((command) => command.type === 1);
    if (this.place.querySelector(".composer-box")) this.showSuggestions();
  }

  showTextInput() {
    const text = make("input", {
      type: "text", class: "text", maxlength: 2000, autocomplete: "off", role: "combobox",
      "aria-label": translate("write", { channel: this.actions.channel() }), "aria-expanded": "false",
      placeholder: translate("write", { channel: this.actions.channel() }),
    });
    const file = make("input", { type: "file", id: "pick", class: "visually-hidden", accept: "image/*" });
    file.addEventListener("change", () => file.files[0] && this.setPicture(file.files[0]));
    const addFile = make("label", { for: "pick", class: "add-file", title: translate("add_file"), "aria-label": translate("add_file") }, "+");
    this.suggestions = make("ul", { class: "commands", role: "listbox", "aria-label": translate("commands"), hidden: true });
    text.addEventListener("input", () => this.showSuggestions());
    text.addEventListener("keydown", (event) => this.onKey(event));
    this.text = text;
    const box = make("div", { class: "composer-box" }, file, addFile, text);
    this.place.replaceChildren(...[this.suggestions, this.preview(), box].filter(Boolean));
  }

  preview() {
    if (!this.picture) return null;
    const picture = make("img", { src: URL.createObjectURL(this.picture), alt: this.picture.name });
    const remove = make("button", { type: "button", "aria-label": translate("remove"), onclick: () => { this.picture = null; this.showTextInput(); } }, "✕");
    return make("div", { class: "preview" }, picture, make("span", {}, this.picture.name), remove);
  }

  showSuggestions() {
    const typed = this.text.value;
    const name = typed.slice(1).toLowerCase();
    const matches = (command) => localized(command, "name").startsWith(name) || command.name.startsWith(name);
    const found = typed.startsWith("/") ? this.commands.filter(matches) : [];
    this.suggestions.hidden = !found.length;
    this.text.setAttribute("aria-expanded", String(Boolean(found.length)));
    this.suggestions.replaceChildren(...found.map((command, at) =>
      make("li", { role: "option", "aria-selected": String(at === 0), "data-command": command.name, onclick: () => this.showForm(command) },
        make("b", {}, `/${localized(command, "name")}`), make("span", {}, localized(command, "description")))));
  }

  onKey(event) {
    const items = [...this.suggestions.children];
    const at = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && items.length) {
      event.preventDefault();
      items.forEach((item, index) =>
        item.setAttribute("aria-selected", String(index === (at + step + items.length) % items.length)));
    } else if ((event.key === "Enter" || event.key === "Tab") && !this.suggestions.hidden) {
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
      const files = this.picture ? [(await this.actions.upload(this.picture)).id] : [];
      await this.actions.post(content, files);
      this.picture = null;
      this.showTextInput();
      this.text.focus();
    } catch (error) {
      this.actions.showError(error.message);
    }
  }

  showForm(command) {
    const fields = (command.options || []).map((option) => optionField(option, this.actions.names));
    const problem = make("p", { class: "error-text", role: "alert" });
    const cancel = make("button", { type: "button", class: "button plain", onclick: () => this.showTextInput() }, translate("cancel"));
    const send = make("button", { type: "submit", class: "button primary" }, translate("send"));
    const head = make("header", {}, make("b", {}, `/${localized(command, "name")}`), make("span", {}, localized(command, "description")));
    const form = make("form", { class: "command", "aria-label": `/${localized(command, "name")}` },
      head, make("div", { class: "grid" }, fields.map((field) => field.element)), problem,
      make("div", { class: "form-actions" }, cancel, send));
    form.addEventListener("submit", (event) => this.submit(event, command, fields, { problem, send }));
    form.addEventListener("keydown", (event) => event.key === "Escape" && this.showTextInput());
    this.place.replaceChildren(form);
    const fileInput = fields.find((field) => field.input.type === "file")?.input;
    for (const field of fields.filter((each) => each.input.type === "file")) this.addThumbnail(field.input);
    if (fileInput && this.picture) this.setFile(fileInput, this.picture);
    fields.find((field) => !field.input.files?.length)?.input.focus();
  }

  addThumbnail(input) {
    const picture = make("img", { class: "thumbnail-preview", alt: "", hidden: true });
    input.after(picture);
    input.addEventListener("change", () => {
      picture.hidden = !input.files[0];
      if (input.files[0]) picture.src = URL.createObjectURL(input.files[0]);
    });
  }

  async submit(event, command, fields, { problem, send }) {
    event.preventDefault();
    send.disabled = true;
    try {
      const options = {};
      for (const field of fields) {
        const value = await field.value(this.actions.upload);
        if (value !== undefined) options[field.option.name] = value;
      }
      this.picture = null;
      await this.actions.command(command, options);
      this.showTextInput();
      this.text.focus();
    } catch (error) {
      problem.textContent = error.message;
      send.disabled = false;
    }
  }
}
