// The camera's path drawn on the picture: two boxes, where the camera begins and where it ends.
// The service turns boxes into the words of the option `path`, and these into boxes.
"use strict";

(() => {
  const MOST_ZOOM = 4;
  const STEP = 0.02;   // of the window's sides, for one press of a key
  const ZOOM_STEP = 1.05;
  const REST = 200;    // ms without another key until a path is sent
  const BOXES = [["begin", 1], ["end", -1]]; // which way a handle makes its box smaller

  let keyframes = [];  // from time 0 on: time, easing, dx, dy in fractions of the window, zoom, roll
  let drawnOn = "";    // the picture on which somebody drew; a path that was written is of no picture
  let words = "";
  let dragged = false;
  let writing = 0;
  let number = 0;      // of the latest path that was sent: older ones may still come back
  const answered = new Set(); // the words for what was drawn since somebody wrote
  let redraw = () => {};

  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const rounded = (value) => Math.round(value * 1000) / 1000;
  const within = ({ dx, dy, zoom }) => {
    const kept = clamp(zoom, 1, MOST_ZOOM);
    const room = (1 - 1 / kept) / 2;
    return { dx: rounded(clamp(dx, -room, room)), dy: rounded(clamp(dy, -room, room)), zoom: rounded(kept) };
  };
  const place = (name) => (name === "begin" ? 0 : keyframes.length - 1);

  /** Return the part of a shown picture that a clip shows as a whole: left, top, width, height. */
  const windowOf = (image, aspects) => {
    const scale = Math.min(image.clientWidth / image.naturalWidth, image.clientHeight / image.naturalHeight);
    const wide = image.naturalWidth * scale, high = image.naturalHeight * scale;
    const distance = (aspect) => Math.abs(Math.log(aspect / (wide / high)));
    const aspect = aspects.reduce((best, one) => (distance(one) < distance(best) ? one : best));
    const width = Math.min(wide, high * aspect), height = width / aspect;
    return { left: (image.clientWidth - width) / 2, top: (image.clientHeight - height) / 2, width, height };
  };

  const box = (name, labels) => {
    const element = document.createElement("button");
    element.type = "button";
    element.className = `mu-box mu-${name === "begin" ? "begin" : "arrive"}`;
    element.setAttribute("aria-label", labels[`path_${name}s`]);
    const [tag, handle] = [document.createElement("span"), document.createElement("span")];
    tag.className = "mu-tag";
    tag.textContent = labels[`path_${name}`];
    handle.className = "mu-handle";
    element.append(tag, handle);
    return { element, handle };
  };

  const stage = (figure, image, props, tell) => {
    const shown = BOXES.map(([name, inwards]) => ({ name, inwards, ...box(name, props.labels) }));
    const show = () => {
      if (!keyframes.length) return; // the picture was taken away meanwhile
      const frame = windowOf(image, props.aspects);
      for (const { name, element } of shown) {
        const { dx, dy, zoom, roll } = keyframes[place(name)];
        const width = frame.width / zoom, height = frame.height / zoom;
        Object.assign(element.style, {
          left: `${frame.left + frame.width * (0.5 + dx) - width / 2}px`,
          top: `${frame.top + frame.height * (0.5 + dy) - height / 2}px`,
          width: `${width}px`,
          height: `${height}px`,
          rotate: `${roll}deg`,
          zIndex: zoom > 1 && zoom >= keyframes[place(name === "begin" ? "end" : "begin")].zoom ? 2 : 1,
        });
        element.classList.toggle("mu-whole", zoom <= 1);
      }
    };
    const move = (name, changes) => {
      const at = place(name);
      keyframes[at] = { ...keyframes[at], ...within({ ...keyframes[at], ...changes }) };
      show();
    };
    for (const { name, inwards, element, handle } of shown) {
      element.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        element.focus();
        element.setPointerCapture(event.pointerId);
        dragged = true;
        const from = { x: event.clientX, y: event.clientY, ...keyframes[place(name)] };
        const frame = windowOf(image, props.aspects);
        const resizes = event.target === handle;
        const drag = (moved) => {
          const x = (moved.clientX - from.x) / frame.width, y = (moved.clientY - from.y) / frame.height;
          const grown = -2 * inwards * (Math.abs(x) > Math.abs(y) ? x : y);
          if (resizes) move(name, { zoom: 1 / clamp(1 / from.zoom + grown, 1 / MOST_ZOOM, 1) });
          else move(name, { dx: from.dx + x, dy: from.dy + y });
        };
        const end = () => {
          element.removeEventListener("pointermove", drag);
          element.removeEventListener("pointerup", end);
          element.removeEventListener("pointercancel", end);
          dragged = false;
          tell();
        };
        element.addEventListener("pointermove", drag);
        element.addEventListener("pointerup", end);
        element.addEventListener("pointercancel", end);
      });
      element.addEventListener("keydown", (event) => {
        const { dx, dy, zoom } = keyframes[place(name)];
        const changes = {
          ArrowLeft: { dx: dx - STEP }, ArrowRight: { dx: dx + STEP },
          ArrowUp: { dy: dy - STEP }, ArrowDown: { dy: dy + STEP },
          "+": { zoom: zoom * ZOOM_STEP }, "=": { zoom: zoom * ZOOM_STEP }, "-": { zoom: zoom / ZOOM_STEP },
        }[event.key];
        if (!changes) return;
        event.preventDefault();
        move(name, changes);
        tell(REST);
      });
      figure.append(element);
    }
    new ResizeObserver(show).observe(image);
    if (image.complete) show();
    else image.addEventListener("load", show);
    return show;
  };

  document.addEventListener("mutoscope:path", ({ detail }) => {
    if (detail.of === "words" && answered.has(detail.words)) return; // it comes from the boxes
    if (detail.of === "words" || detail.of === "clip") answered.clear();
    else answered.add(detail.words);
    const late = detail.of !== "words" && detail.of !== "clip" && detail.of !== String(number);
    if (dragged || writing || late) return;
    keyframes = detail.keyframes.map((one) => ({ ...one }));
    words = detail.words;
    redraw();
  });

  document.addEventListener("mutoscope:pictures", ({ detail: { place: around, props, value, trigger } }) => {
    const figures = around.querySelectorAll(".mu-figures figure");
    const shown = value.uploads[0] || value.job;
    const drawable = figures.length === 1 && !value.extends && shown && props.aspects.length;
    const send = () => {
      writing = 0;
      number += 1;
      trigger("act", { act: "path", number, value: JSON.stringify(keyframes) });
    };
    const tell = (pause = 0) => {
      if (keyframes.length) drawnOn = shown;
      clearTimeout(writing);
      writing = setTimeout(send, pause);
    };
    if (drawnOn && (!drawable || shown !== drawnOn)) {
      drawnOn = "";
      clearTimeout(writing);
      writing = 0;
      // A form that was filled in from a clip has that clip's path.
      if (!value.job && !value.extends) {
        keyframes = [];
        words = "";
        tell();
      }
    }
    redraw = () => {};
    if (!drawable) return;
    const figure = figures[0], image = figure.querySelector("img");
    const draw = document.createElement("button");
    draw.type = "button";
    draw.className = "mu-draw";
    const said = document.createElement("p");
    said.className = "mu-words";
    let show = () => {};
    redraw = () => {
      const on = keyframes.length > 0;
      draw.textContent = on ? props.labels.path_clear : props.labels.path_draw;
      said.textContent = on ? words : "";
      if (on !== Boolean(figure.querySelector(".mu-box"))) {
        figure.querySelectorAll(".mu-box").forEach((one) => one.remove());
        if (on) show = stage(figure, image, props, tell);
      }
      show();
    };
    draw.addEventListener("click", () => {
      const rest = { dx: 0, dy: 0, zoom: 1, roll: 0 };
      keyframes = keyframes.length ? [] : [
        { time: 0, easing: "linear", ...rest },
        { time: 1, easing: "ease_in_out", ...rest, zoom: 1.5 },
      ];
      drawnOn = "";
      tell();
      redraw();
    });
    redraw();
    (around.querySelector(".mu-under") || around).append(draw, said);
  });
})();
