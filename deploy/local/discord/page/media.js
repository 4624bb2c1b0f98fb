// Pictures, clips and other files of a message.

import { make } from "./dom.js";
import { translate } from "./texts.js";

function video(media, label) {
  return make("video", {
    src: media.url, controls: true, loop: true, muted: true, autoplay: true, playsinline: true,
    preload: "auto", "aria-label": label, "data-keep": media.url,
    width: media.width, height: media.height,
  });
}

export function mediaElement(media, description) {
  const label = description || media.filename || "";
  const kind = media.content_type || "";
  if (kind.startsWith("video/")) return video(media, label);
  if (kind.startsWith("image/") || !media.filename) {
    return make("img", { src: media.proxy_url || media.url, alt: label, "data-keep": media.url, loading: "lazy" });
  }
  const size = `${Math.ceil(media.size / 1024)} KiB`;
  return make("a", { class: "file", href: media.url, download: true }, `📄 ${media.filename} · ${size}`);
}

/** Hide a spoiler until it is clicked. */
function covered(element) {
  const cover = make("div", { class: "spoiler", role: "button", tabindex: "0", "aria-label": translate("spoiler") }, element);
  cover.addEventListener("click", (event) => {
    if (!cover.classList.contains("spoiler")) return;
    cover.className = "";
    event.preventDefault();
  }, true);
  return cover;
}

export function attachments(list) {
  if (!list.length) return null;
  return make("div", { class: "media" }, list.map((each) => {
    const element = mediaElement(each, each.description);
    return each.filename.startsWith("SPOILER_") ? covered(element) : element;
  }));
}

export function gallery(items) {
  const box = make("div", { class: `media gallery of-${Math.min(items.length, 4)}` });
  box.append(...items.map((item) => mediaElement(item.media, item.description)));
  return box;
}

/** Move loaded media from the old element into the new one; the result resumes playing videos. */
export function keepMedia(old, fresh) {
  const playing = [];
  for (const element of fresh.querySelectorAll("[data-keep]")) {
    const known = [...old.querySelectorAll("[data-keep]")].find(
      (each) => each.dataset.keep === element.dataset.keep,
    );
    if (!known) continue;
    if (known.tagName === "VIDEO" && !known.paused) playing.push(known);
    element.replaceWith(known);
  }
  return () => playing.forEach((each) => each.play().catch(() => {}));
}
