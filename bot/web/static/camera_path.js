// The camera's path drawn on the picture: a box that is dragged to where the camera ends.
"use strict";

(() => {
  const MOST_ZOOM = 4;
  const STEP = 0.02;   // of the window's sides, for one press of a key
  const ZOOM_STEP = 1.05;
  const REST = 200;    // ms without another key until a path is sent
  let pose = null;     // dx, dy in fractions of the window, zoom; null: no path is drawn
  let drawnFor = "";
  let writing = 0;

  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const within = ({ dx, dy, zoom }) => {
    const kept = clamp(zoom, 1, MOST_ZOOM);
    const room = (1 - 1 / kept) / 2;
    return { dx: clamp(dx, -room, room), dy: clamp(dy, -room, room), zoom: kept };
  };
  const number = (value) => String(Math.round(value * 1000) / 1000);

  /** Return a pose in the words of the option `path`. */
  const written = ({ dx, dy, zoom }) => {
    const parts = ["1"];
    if (Math.abs(dx) >= 0.001) parts.push(dx < 0 ? "left" : "right", number(Math.abs(dx)));
    if (Math.abs(dy) >= 0.001) parts.push(dy < 0 ? "up" : "down", number(Math.abs(dy)));
    if (zoom >= 1.001) parts.push("zoom", number(zoom));
    return parts.length > 1 ? `${parts.join(" ")} ease_in_out` : "";
  };

  /** Return the part of a shown picture that a clip begins with: left, top, width, height. */
  const windowOf = (image, aspects) => {
    const scale = Math.min(image.clientWidth / image.naturalWidth, image.clientHeight / image.naturalHeight);
    const wide = image.naturalWidth * scale, high = image.naturalHeight * scale;
    const distance = (aspect) => Math.abs(Math.log(aspect / (wide / high)));
    const aspect = aspects.reduce((best, one) => (distance(one) < distance(best) ? one : best));
    const width = Math.min(wide, high * aspect), height = width / aspect;
    return { left: (image.clientWidth - width) / 2, top: (image.clientHeight - height) / 2, width, height };
  };

  const stage = (figure, image, props, tell) => {
    const labels = props.labels;
    const start = document.createElement("div");
    const end = document.createElement("button");
    const handle = document.createElement("span");
    start.className = "mu-start";
    end.className = "mu-box";
    end.type = "button";
    end.setAttribute("aria-label", labels.path_box);
    handle.className = "mu-handle";
    end.append(handle);

    const show = () => {
      if (!pose) return; // the picture was taken away meanwhile
      const frame = windowOf(image, props.aspects);
      const { dx, dy, zoom } = pose;
      const place = (element, left, top, width, height) => Object.assign(element.style, {
        left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px`,
      });
      place(start, frame.left, frame.top, frame.width, frame.height);
      const width = frame.width / zoom, height = frame.height / zoom;
      place(end, frame.left + frame.width * (0.5 + dx) - width / 2,
        frame.top + frame.height * (0.5 + dy) - height / 2, width, height);
    };
    const move = (changes) => {
      pose = within({ ...pose, ...changes });
      show();
    };
    end.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      end.focus();
      end.setPointerCapture(event.pointerId);
      const from = { x: event.clientX, y: event.clientY, ...pose };
      const frame = windowOf(image, props.aspects);
      const resizes = event.target === handle;
      const drag = (moved) => {
        const x = (moved.clientX - from.x) / frame.width, y = (moved.clientY - from.y) / frame.height;
        if (resizes) move({ zoom: 1 / clamp(1 / from.zoom + 2 * Math.max(x, y), 1 / MOST_ZOOM, 1) });
        else move({ dx: from.dx + x, dy: from.dy + y });
      };
      end.addEventListener("pointermove", drag);
      end.addEventListener("pointerup", () => {
        end.removeEventListener("pointermove", drag);
        tell(written(pose));
      }, { once: true });
    });
    end.addEventListener("keydown", (event) => {
      const { dx, dy, zoom } = pose;
      const changes = {
        ArrowLeft: { dx: dx - STEP }, ArrowRight: { dx: dx + STEP },
        ArrowUp: { dy: dy - STEP }, ArrowDown: { dy: dy + STEP },
        "+": { zoom: zoom * ZOOM_STEP }, "=": { zoom: zoom * ZOOM_STEP }, "-": { zoom: zoom / ZOOM_STEP },
      }[event.key];
      if (!changes) return;
      event.preventDefault();
      move(changes);
      tell(written(pose), REST);
    });
    figure.append(start, end);
    new ResizeObserver(show).observe(image);
    if (image.complete) show();
    else image.addEventListener("load", show);
  };

  document.addEventListener("mutoscope:pictures", ({ detail: { place, props, value, trigger } }) => {
    const tell = (path, pause = 0) => {
      clearTimeout(writing);
      writing = setTimeout(() => trigger("act", { act: "path", value: path }), pause);
    };
    const figures = place.querySelectorAll(".mu-figures figure");
    const shown = value.uploads[0] || value.job;
    const drawable = figures.length === 1 && !value.extends && shown && props.aspects.length;
    if (pose && (!drawable || shown !== drawnFor)) {
      pose = null;
      // A form that was filled in from a clip has that clip's path.
      if (value.job || value.extends) clearTimeout(writing);
      else tell("");
    }
    if (!drawable) return;
    drawnFor = shown;
    const draw = document.createElement("button");
    draw.type = "button";
    draw.className = "mu-draw";
    const on = () => {
      draw.textContent = pose ? props.labels.path_clear : props.labels.path_draw;
      figures[0].querySelectorAll(".mu-start, .mu-box").forEach((one) => one.remove());
      if (pose) stage(figures[0], figures[0].querySelector("img"), props, tell);
    };
    draw.addEventListener("click", () => {
      pose = pose ? null : { dx: 0, dy: 0, zoom: 1.5 };
      tell(pose ? written(pose) : "");
      on();
    });
    on();
    (place.querySelector(".mu-under") || place).append(draw);
  });
})();
