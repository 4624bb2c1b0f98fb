// The section of the page about its person: loaded when it is unfolded, and the end of their data.
"use strict";

(() => {
  const ROOT = "mutoscope/account";

  const load = async (place) => {
    const template = document.createElement("template");
    try {
      const answer = await fetch(ROOT);
      if (answer.status === 401) window.location.reload();
      if (!answer.ok) throw new Error(answer.status);
      template.innerHTML = await answer.text();
      place.replaceChildren(template.content);
    } catch (error) {
      const said = document.createElement("p");
      said.setAttribute("role", "alert");
      said.textContent = place.dataset.offline;
      place.replaceChildren(said);
    }
  };
  const forget = async (button, place) => {
    button.disabled = true;
    const said = document.createElement("p");
    said.setAttribute("role", "status");
    button.closest(".mu-forget").append(said);
    try {
      const answer = await fetch(`${ROOT}/forget`, { method: "POST" });
      said.textContent = (await answer.json()).said;
      if (answer.ok) place.replaceChildren(said);
    } catch (error) {
      said.textContent = place.dataset.offline;
    }
    button.disabled = false;
    window.mutoscope.refresh();
  };

  document.addEventListener("toggle", (event) => {
    const section = event.target;
    if (section.matches?.(".mu-account") && section.open) load(section.querySelector(".mu-account-body"));
  }, true);
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button[data-account=forget]");
    if (button) forget(button, button.closest(".mu-account-body"));
  });
})();
