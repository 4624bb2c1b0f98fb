// The window that a bot may open to ask for more.

import { make } from "./dom.js";
import { modalField } from "./fields.js";
import { markdown } from "./markdown.js";
import { say } from "./words.js";

/** Show a modal; `submit(values)` sends it and may fail with a reason that is then shown. */
export function openModal(dialog, modal, { submit, names, upload }) {
  const fields = [];
  const parts = modal.components.map((part) => {
    if (part.type === 10) return markdown(part.content, names);
    const inner = part.component ? [[part, part.component]] : part.components.map((each) => [each, each]);
    const built = inner.map(([label, each]) => modalField(label, each, names, upload));
    fields.push(...built);
    return built.map((each) => each.element);
  });
  const problem = make("p", { class: "problem", role: "alert" });
  const cancel = make("button", { type: "button", class: "button plain", onclick: () => dialog.close() }, say("cancel"));
  const send = make("button", { type: "submit", class: "button primary" }, say("submit"));
  const form = make("form", { method: "dialog", "aria-label": modal.title },
    make("h2", {}, modal.title), ...parts.flat(), problem, make("div", { class: "ends" }, cancel, send));
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
