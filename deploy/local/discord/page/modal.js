// The dialog of a modal that the bot opens.

import { make } from "./dom.js";
import { modalField } from "./fields.js";
import { markdown } from "./markdown.js";
import { translate } from "./texts.js";

/** Show a modal; `submit(values)` sends it, and the message of its error is shown. */
export function openModal(dialog, modal, { submit, names, upload }) {
  const fields = [];
  const parts = modal.components.map((part) => {
    if (part.type === 10) return markdown(part.content, names);
    const pairs = part.component ? [[part, part.component]] : part.components.map((each) => [each, each]);
    const built = pairs.map(([label, each]) => modalField(label, each, names, upload));
    fields.push(...built);
    return built.map((each) => each.element);
  });
  const problem = make("p", { class: "error-text", role: "alert" });
  const cancel = make("button", { type: "button", class: "button plain", onclick: () => dialog.close() }, translate("cancel"));
  const send = make("button", { type: "submit", class: "button primary" }, translate("submit"));
  const form = make("form", { method: "dialog", "aria-label": modal.title },
    make("h2", {}, modal.title), ...parts.flat(), problem, make("div", { class: "form-actions" }, cancel, send));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    send.disabled = true;
    try {
      const values = {};
      for (const field of fields) values[field.key] = await field.value();
      await submit(values);
      dialog.close();
    } catch (error) {
      problem.textContent = error.message;
      send.disabled = false;
    }
  });
  dialog.replaceChildren(form);
  dialog.showModal();
}
