// The page's own parts: the pictures of an order, the live orders, and the history.
"use strict";

window.mutoscope = (() => {
  const ROOT = "mutoscope/";
  const QUICK = 500;   // ms between looks while an order is unfinished
  const SLOW = 4000;   // ms between looks otherwise: another tab may have ordered
  const SHOWN_PICTURES = 8;

  const make = (name, facts = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(facts)) {
      if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
      else if (value !== false && value != null) element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children);
    return element;
  };
  const parsed = (markup) => {
    const template = document.createElement("template");
    template.innerHTML = markup;
    return template.content;
  };

  // ---------------------------------------------------------------- pictures

  const pictures = (element, props, trigger, watch) => {
    const labels = props.labels;
    let problem = "";
    let uploading = 0;

    const value = () => ({ uploads: [], job: "", extends: "", end: "", end_of: "", end_last: false, ...props.value, uploading: uploading > 0 });
    /** Tell the service whether a picture is on its way: an order would be made without it. */
    const announce = () => {
      if (Boolean(props.value?.uploading) !== uploading > 0) props.value = value();
    };
    const change = (changes) => {
      props.value = { ...value(), ...changes };
      trigger("change");
      requestAnimationFrame(render);
    };
    const pick = (label, facts, onFiles) => {
      const input = make("input", { type: "file", class: "mu-sr", ...facts });
      input.addEventListener("change", () => onFiles([...input.files]));
      return make("label", { class: "mu-pick" }, input, make("span", {}, label));
    };

    const send = async (file) => {
      const answer = await fetch(`${ROOT}pictures`, { method: "POST", body: file });
      const told = await answer.json().catch(() => ({ error: labels.offline }));
      if (!told.key) throw new Error(told.error || labels.offline);
      return told;
    };
    const take = async (files, asEnd = false) => {
      problem = "";
      uploading += 1;
      announce();
      render();
      try {
        const keys = [];
        for (const file of files.slice(0, SHOWN_PICTURES)) {
          const told = await send(file);
          if (told.settings && asEnd) {
            drop(told.key);
            if (!told.job) throw new Error(labels.end_unknown);
            change({ end: "", end_of: told.job, end_last: false });
          } else if (told.settings) trigger("act", { act: "reuse", value: told.key });
          else keys.push(told.key);
        }
        if (asEnd && keys.length) change({ end: keys[0], end_of: "" });
        else if (keys.length) {
          const all = [...new Set([...value().uploads, ...keys])].slice(-SHOWN_PICTURES);
          change({ uploads: all, job: "", extends: "" });
        }
      } catch (error) {
        problem = error instanceof TypeError ? labels.offline : error.message;
      } finally {
        uploading -= 1;
        announce();
        render();
      }
    };
    /** Tell the service that a picture may give way to others, unless the form holds it in the other place too. */
    const drop = (key) => {
      const { uploads, end } = value();
      if (!uploads.includes(key) && end !== key) fetch(`${ROOT}pictures/${key}`, { method: "DELETE" }).catch(() => {});
    };
    const sample = async (name) => {
      try {
        const answer = await fetch(`${ROOT}samples/${name}`);
        await take([await answer.blob()]);
      } catch (error) {
        problem = labels.offline;
        render();
      }
    };

    const shown = (source, alt, onRemove, caption) => make(
      "figure", {},
      make("img", { src: source, alt }),
      ...(caption ? [make("figcaption", {}, caption)] : []),
      make("button", { type: "button", class: "mu-remove", "aria-label": labels.remove, title: labels.remove, onclick: onRemove }, "×"),
    );
    const chosen = () => {
      const { uploads, job, extends: from } = value();
      if (from) return [shown(`${ROOT}thumbnails/${from}`, labels.extends, () => change({ extends: "" }), labels.extends)];
      if (uploads.length) {
        return uploads.map((key) => shown(`${ROOT}pictures/${key}`, labels.chosen,
          () => { change({ uploads: value().uploads.filter((one) => one !== key) }); drop(key); }));
      }
      if (job) return [shown(`${ROOT}sources/${job}`, labels.of_clip, () => change({ job: "" }), labels.of_clip)];
      return [];
    };
    const zone = () => {
      const input = make("input", { type: "file", id: "mu-file", class: "mu-sr", multiple: true, accept: "image/*,video/mp4" });
      input.addEventListener("change", () => take([...input.files]));
      return make("label", { class: "mu-drop" }, input,
        make("span", { class: "mu-icon", "aria-hidden": "true" }),
        make("span", { class: "mu-big" }, labels.drop),
        make("span", { class: "mu-fake-button" }, labels.choose));
    };
    const samples = () => make("div", { class: "mu-samples" },
      make("span", {}, labels.samples),
      ...props.samples.map((name, number) => make("button",
        { type: "button", "aria-label": `${labels.sample} ${number + 1}`, onclick: () => sample(name) },
        make("img", { src: `${ROOT}samples/${name}`, alt: "" }))));
    const endSource = () => {
      const { end, end_of: job, end_last: last } = value();
      if (end) return `pictures/${end}`;
      return job ? `sources/${job}${last ? "/last" : ""}` : "";
    };
    const endPart = () => {
      const source = endSource();
      const part = make("details", { class: "mu-end", open: Boolean(source) }, make("summary", {}, labels.end));
      if (source) {
        const { end } = value();
        part.append(shown(`${ROOT}${source}`, labels.end, () => { change({ end: "", end_of: "" }); if (end) drop(end); }));
      } else {
        part.append(pick(labels.end_about, { accept: "image/*,video/mp4" }, (files) => take(files.slice(0, 1), true)),
          make("p", {}, labels.end_hint));
      }
      return part;
    };

    const render = () => {
      const place = element.querySelector(".mu-pictures");
      if (!place) return;
      announce(); // what the service filled in says nothing of it
      const held = place.contains(document.activeElement);
      const figures = chosen();
      const parts = figures.length
        ? [make("div", { class: `mu-figures${figures.length > 1 ? " mu-many" : ""}` }, ...figures)]
        : [zone(), ...(props.samples.length ? [samples()] : [])];
      const { uploads, extends: from } = value();
      const under = uploads.length ? [pick(labels.add, { multiple: true, accept: "image/*,video/mp4" }, take)] : [];
      if (!from && (uploads.length || endSource())) under.push(endPart());
      if (under.length) parts.push(make("div", { class: "mu-under" }, ...under));
      if (uploading) parts.push(make("p", { role: "status" }, labels.uploading));
      if (problem) parts.push(make("p", { role: "alert", class: "mu-refused" }, problem));
      place.replaceChildren(...parts);
      if (held) place.querySelector("input, button")?.focus();
      document.dispatchEvent(new CustomEvent("mutoscope:pictures", { detail: { place, props, trigger, value: value() } }));
    };

    const carries = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
    document.addEventListener("dragover", (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      element.classList.add("mu-over");
    });
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) element.classList.remove("mu-over");
    });
    document.addEventListener("drop", (event) => {
      element.classList.remove("mu-over");
      if (!carries(event)) return;
      event.preventDefault();
      take([...event.dataTransfer.files]);
    });
    document.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files || [])];
      if (!files.length) return;
      event.preventDefault();
      take(files);
    });
    document.addEventListener("mutoscope:end", ({ detail: { job, value: which } }) =>
      change({ extends: "", end: "", end_of: job, end_last: which === "last" }));
    watch("value", render);
    render();
  };

  /** Tell what draws on the picture of the path that is written in the settings. */
  const path = (props, watch) => watch("value", () => document.dispatchEvent(
    new CustomEvent("mutoscope:path", { detail: props.value })));

  // ------------------------------------------------------------------- board

  let refresh = () => {};

  const board = (element, props, trigger) => {
    const labels = props.labels;
    const live = make("div", { class: "mu-live" });
    const found = make("div", { class: "mu-history" });
    const said = make("p", { class: "mu-sr", role: "status" });
    const away = make("p", { class: "mu-away", role: "status" });
    const search = make("input", { type: "search", "aria-label": labels.search, placeholder: labels.search });
    const dialog = make("dialog", { class: "mu-dialog", "aria-label": labels.details });
    const heading = make("h2", { hidden: true }, labels.orders);
    let version = "";
    let timer = 0;
    let looking = false;
    let again = false;

    element.querySelector(".mu-board").replaceChildren(said, away, heading, live,
      make("div", { class: "mu-head" }, make("h2", {}, labels.history), search), found, dialog);

    const act = (source, facts) => {
      const fills = ["tweak", "extend", "end"].includes(facts.act);
      if (fills || facts.act === "delete") dialog.close();
      source.disabled = true;
      setTimeout(() => { source.disabled = false; }, 1500);
      if (facts.act === "end") document.dispatchEvent(new CustomEvent("mutoscope:end", { detail: facts }));
      else trigger("act", facts);
      if (fills) {
        document.getElementById("mu-form")?.scrollIntoView({ behavior: "smooth" });
        document.querySelector("#mu-prompt textarea")?.focus({ preventScroll: true });
      }
    };
    const lose = () => { away.textContent = labels.lost_touch; };
    const open = async (job) => {
      const answer = await fetch(`${ROOT}details/${job}`);
      if (!answer.ok) throw new Error(answer.status);
      const close = make("button", { type: "button", class: "mu-remove", "aria-label": labels.close, onclick: () => dialog.close() }, "×");
      dialog.replaceChildren(close, parsed(await answer.text()));
      if (!dialog.open) dialog.showModal();
    };
    element.addEventListener("click", (event) => {
      const source = event.target.closest("button");
      if (event.target === dialog) dialog.close();
      if (!source) return;
      const { act: name, job, value, open: opened, anchor } = source.dataset;
      if (name) act(source, { act: name, job, value });
      else if (opened) open(opened).catch(lose);
      else if (anchor) older(source, anchor).catch(lose);
    });
    element.addEventListener("change", (event) => {
      const menu = event.target.closest("select[data-act]");
      if (!menu || !menu.value) return;
      trigger("act", { act: menu.dataset.act, job: menu.dataset.job, value: menu.value });
      menu.value = "";
      dialog.close();
    });
    dialog.addEventListener("close", () => dialog.replaceChildren());

    const page = async (anchor = "") => {
      const query = new URLSearchParams({ anchor, search: search.value.trim() });
      const answer = await fetch(`${ROOT}history?${query}`);
      return answer.ok ? parsed(await answer.text()) : parsed("");
    };
    const history = async () => {
      found.replaceChildren(await page());
      search.hidden = !search.value && !found.querySelector(".mu-tile");
    };
    const older = async (source, anchor) => source.replaceWith(await page(anchor));
    let typed = 0;
    search.addEventListener("input", () => {
      clearTimeout(typed);
      typed = setTimeout(() => history().catch(lose), 300);
    });

    const show = (cards) => {
      const before = new Map([...live.children].map((one) => [one.dataset.job, one]));
      const next = cards.map(([job, markup]) => {
        const old = before.get(job);
        const card = parsed(markup).firstElementChild;
        if (!old || old.dataset.markup !== markup) {
          card.dataset.markup = markup;
          if (old && old.dataset.state !== card.dataset.state) {
            said.textContent = card.querySelector(".mu-status")?.textContent || "";
          }
          return card;
        }
        return old;
      });
      const held = document.activeElement?.closest?.(".mu-card")?.dataset.job;
      if (next.some((one, place) => one !== live.children[place]) || next.length !== live.children.length) {
        live.replaceChildren(...next);
      }
      if (held && !live.contains(document.activeElement)) {
        live.querySelector(`[data-job="${held}"] button`)?.focus({ preventScroll: true });
      }
      heading.hidden = !cards.length;
    };
    const update = (moment) => {
      const card = live.querySelector(`.mu-card[data-job="${moment.job}"]`);
      if (!card) return;
      const bar = card.querySelector("progress");
      if (bar) bar.value = moment.share;
      const status = card.querySelector(".mu-status");
      if (status && status.textContent !== moment.status) status.textContent = moment.status;
      const place = card.querySelector(".mu-media");
      let preview = place.querySelector(".mu-preview");
      if (moment.preview && preview?.dataset.source !== moment.preview) {
        if (!preview) {
          preview = make("img", { class: "mu-preview", alt: "" });
          place.append(preview);
        }
        preview.dataset.source = moment.preview;
        preview.src = moment.preview;
      }
    };
    const look = async () => {
      if (looking) {
        again = true;
        return;
      }
      looking = true;
      clearTimeout(timer);
      let pause = SLOW;
      try {
        const answer = await fetch(`${ROOT}orders?version=${encodeURIComponent(version)}`);
        if (answer.status === 401) window.location.reload();
        const told = await answer.json();
        away.textContent = "";
        if (told.cards) {
          version = told.version;
          show(told.cards);
          await history();
        }
        told.moments.forEach(update);
        pause = told.moments.length ? QUICK : SLOW;
      } catch (error) {
        lose();
        version = "";
      }
      looking = false;
      timer = setTimeout(look, again ? 0 : pause);
      again = false;
    };
    refresh = look;
    document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
    look();
  };

  return { pictures, path, board, refresh: () => refresh() };
})();
