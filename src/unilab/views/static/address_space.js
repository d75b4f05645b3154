// Interaction for the address-space picture. Python draws it (render.py); this zooms, pans, walks and tells.
//
// State for readers of the page, on the root element: data-ready, data-locked, data-table, data-selected,
// data-hovered, data-expanded (keys joined by spaces), data-scale, data-start and data-end of what the details show.

const SMALLEST_INITIAL_SCALE = 0.72;
const LARGEST_SCALE = 6;
const STEP = 1.25;

const HINT =
  "Arrow keys walk the regions, Enter opens a group or zooms in, Escape goes back. " +
  "Drag to move; + and − zoom, and so does the wheel once the picture has the focus or with Ctrl.";

function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function button(name, label, text, onClick) {
  const node = element("button", { type: "button", "data-action": name, "aria-label": label, title: label }, text);
  node.addEventListener("click", onClick);
  return node;
}

/** Reads "0x7fff_ffff_f000", "7ffffffff000" or decimal "#4096"; null where it is none of them. */
function parseAddress(text) {
  const digits = text.trim().replaceAll("_", "").toLowerCase();
  if (/^#\d+$/.test(digits)) return BigInt(digits.slice(1));
  const hexadecimal = digits.replace(/^0x/, "");
  return /^[0-9a-f]{1,16}$/.test(hexadecimal) ? BigInt("0x" + hexadecimal) : null;
}

/** The visible rectangle of the picture, in the picture's own units. */
class Camera {
  constructor(pane) {
    this.pane = pane;
    this.reset();
  }

  attach(svg) {
    this.svg = svg;
    this.width = Number(svg.getAttribute("width"));
    this.height = Number(svg.getAttribute("height"));
    for (const name of ["width", "height"]) svg.removeAttribute(name);
  }

  reset() {
    this.isInitial = true;
  }

  /** Sets the pane's height for its width and draws. */
  resize(maximumHeight) {
    const available = this.pane.clientWidth;
    if (!this.svg || !available) return;
    const whole = Math.min(1, available / this.width);
    this.pane.style.height = `${Math.min(maximumHeight, Math.ceil(this.height * whole))}px`;
    if (this.isInitial) {
      const fitting = Math.min(whole, this.pane.clientHeight / this.height);
      this.scale = Math.min(whole, Math.max(fitting, SMALLEST_INITIAL_SCALE));
      this.x = 0;
      this.y = 0;
    }
    this.draw();
  }

  get spanX() { return this.pane.clientWidth / this.scale; }
  get spanY() { return this.pane.clientHeight / this.scale; }

  draw() {
    // The picture never leaves the pane: it is flush with an edge, or at the top left where it is smaller.
    this.x = Math.max(0, Math.min(this.x, this.width - this.spanX));
    this.y = Math.max(0, Math.min(this.y, this.height - this.spanY));
    this.svg.setAttribute("viewBox", `${this.x} ${this.y} ${this.spanX} ${this.spanY}`);
  }

  /** Zooms and keeps the point at (px, py) of the pane where it is. */
  zoom(factor, px = this.pane.clientWidth / 2, py = this.pane.clientHeight / 2) {
    const smallest = Math.min(1, this.pane.clientWidth / this.width, this.pane.clientHeight / this.height);
    const scale = Math.max(smallest, Math.min(LARGEST_SCALE, this.scale * factor));
    this.x += px / this.scale - px / scale;
    this.y += py / this.scale - py / scale;
    this.scale = scale;
    this.isInitial = false;
    this.draw();
  }

  pan(dx, dy) {
    this.x -= dx / this.scale;
    this.y -= dy / this.scale;
    this.isInitial = false;
    this.draw();
  }

  /** Moves as little as needed to show a box, with some room around it. */
  reveal(box, room = 28) {
    const into = (at, length, from, span) => {
      if (at - room < from) return at - room;
      if (at + length + room > from + span) return at + length + room - span;
      return from;
    };
    this.x = into(box.x, box.width, this.x, this.spanX);
    this.y = into(box.y, box.height, this.y, this.spanY);
    this.draw();
  }

  zoomTo(box, scale) {
    this.scale = Math.min(LARGEST_SCALE, Math.max(this.scale, scale));
    this.x = box.x + box.width / 2 - this.spanX / 2;
    this.y = box.y + box.height / 2 - this.spanY / 2;
    this.isInitial = false;
    this.draw();
  }
}

function render({ model, el }) {
  const ending = new AbortController();
  const listen = (target, type, handler, options = {}) =>
    target.addEventListener(type, handler, { ...options, signal: ending.signal });

  const task = element("p", { class: "uv-task" });
  const pane = element("div", { class: "uv-pane" });
  const tablePane = element("div", { class: "uv-table-pane", tabindex: "0", role: "region", "aria-label": "Table of regions" });
  const details = element("div", { class: "uv-details", role: "status", "aria-live": "polite", "aria-atomic": "true" });
  const lock = element("p", { class: "uv-lock", role: "status" }, "Commit a prediction first, or skip it.");
  const field = element("input", { type: "text", placeholder: "0x…", spellcheck: "false", "data-action": "find", "aria-label": "Find an address" });
  const find = element("label", { class: "uv-find" }, "Address", field);
  const camera = new Camera(pane);
  const noteScale = () => { root.dataset.scale = camera.scale.toFixed(2); };
  const withCamera = (move) => () => { move(); noteScale(); };
  const tableButton = button("table", "Show the table instead of the picture", "Table", () => {
    root.dataset.table = String(root.dataset.table !== "true");
    drawMode();
  });
  const toolbar = element("div", { class: "uv-toolbar", role: "toolbar", "aria-label": "Picture" },
    button("zoom-in", "Zoom in", "+", withCamera(() => camera.zoom(STEP))),
    button("zoom-out", "Zoom out", "−", withCamera(() => camera.zoom(1 / STEP))),
    button("fit", "Back to the whole picture", "Fit", () => fit()),
    tableButton, find);
  const content = element("div", {}, toolbar, pane, tablePane, details);
  const root = element("div", { class: "uv uv-view", "data-table": "false" }, task, lock, content);
  el.append(root);

  const blocks = () => [...pane.querySelectorAll("[data-block]")];
  const byKey = (key) => blocks().find((block) => block.dataset.block === key);
  const spaceOf = (block) => block.dataset.block.split(":")[0];
  const boxOf = (block) => (block.querySelector(".uv-ring") ?? block).getBBox();

  function fit() {
    camera.reset();
    camera.resize(model.get("height"));
    noteScale();
  }

  function drawDetails(key) {
    const pairs = model.get("_details")[key];
    const block = byKey(key);
    for (const name of ["start", "end"]) {
      if (block) root.dataset[name] = block.dataset[name];
      else delete root.dataset[name];
    }
    if (!pairs) {
      details.replaceChildren(element("p", { class: "uv-hint" }, HINT));
      return;
    }
    details.replaceChildren(element("dl", {}, ...pairs.map(([name, text]) =>
      element("div", {}, element("dt", {}, name), element("dd", { "data-field": name }, text)))));
  }

  function drawSelection() {
    const key = model.get("selected");
    const all = blocks();
    const chosen = byKey(key);
    root.dataset.selected = key;
    for (const block of all) {
      block.setAttribute("aria-selected", String(block === chosen));
      // One tab stop a picture; the arrow keys do the rest.
      block.setAttribute("tabindex", block === (chosen ?? all[0]) ? "0" : "-1");
    }
    if (chosen) camera.reveal(boxOf(chosen));
    drawDetails(key);
  }

  function drawPicture() {
    const hadFocus = pane.contains(pane.getRootNode().activeElement);
    pane.innerHTML = model.get("_picture");
    camera.attach(pane.querySelector("svg"));
    camera.resize(model.get("height"));
    root.dataset.expanded = model.get("expanded").join(" ");
    noteScale();
    drawSelection();
    if (hadFocus) (byKey(model.get("selected")) ?? blocks()[0])?.focus({ preventScroll: true });
  }

  function drawMode() {
    const locked = model.get("locked");
    const asTable = root.dataset.table === "true";
    root.dataset.locked = String(locked);
    lock.hidden = !locked;
    content.hidden = locked;
    pane.hidden = details.hidden = asTable;
    tablePane.hidden = !asTable;
    tableButton.setAttribute("aria-pressed", String(asTable));
    task.textContent = model.get("task");
    task.hidden = !model.get("task");
    if (!locked && !asTable) camera.resize(model.get("height"));
  }

  function drawTable() {
    tablePane.innerHTML = model.get("_table");
  }

  function select(block, { focus = true } = {}) {
    model.set("selected", block.dataset.block);
    model.save_changes();
    drawSelection();
    if (focus) block.focus({ preventScroll: true });
  }

  function toggle(block) {
    const key = block.dataset.block;
    const open = model.get("expanded");
    const isOpen = block.getAttribute("aria-expanded") === "true";
    model.set("selected", key);
    model.set("expanded", isOpen ? open.filter((other) => other !== key) : [...open, key]);
    model.save_changes();
  }

  const isGroup = (block) => block.hasAttribute("aria-expanded");

  function activate(block) {
    if (isGroup(block)) return toggle(block);
    select(block);
    camera.zoomTo(boxOf(block), 2);
    noteScale();
  }

  /** The innermost open group a block lies in. */
  function groupAround(block) {
    const start = BigInt(block.dataset.start), end = BigInt(block.dataset.end);
    return blocks().filter((other) => other !== block && spaceOf(other) === spaceOf(block)
      && other.getAttribute("aria-expanded") === "true"
      && BigInt(other.dataset.start) <= start && end <= BigInt(other.dataset.end)).at(-1);
  }

  function back(block) {
    if (!camera.isInitial) return fit();
    const open = block.getAttribute("aria-expanded") === "true" ? block : groupAround(block);
    if (open) toggle(open);
  }

  /** The block of a neighbouring column at about the same height. */
  function sideways(block, by) {
    const target = String(Number(spaceOf(block)) + by);
    const y = boxOf(block).y;
    return blocks().filter((other) => spaceOf(other) === target)
      .sort((a, b) => Math.abs(boxOf(a).y - y) - Math.abs(boxOf(b).y - y))[0];
  }

  function step(block, key) {
    const column = blocks().filter((other) => spaceOf(other) === spaceOf(block));
    const at = column.indexOf(block);
    switch (key) {
      case "ArrowUp": return column[at - 1];
      case "ArrowDown": return column[at + 1];
      case "Home": return column[0];
      case "End": return column.at(-1);
      case "ArrowLeft": return sideways(block, -1);
      case "ArrowRight": return sideways(block, 1);
    }
  }

  const WALK = new Set(["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End"]);

  listen(pane, "keydown", (event) => {
    const block = event.target.closest?.("[data-block]");
    if (!block || event.ctrlKey || event.metaKey || event.altKey) return;
    if (WALK.has(event.key)) {
      const next = step(block, event.key);
      if (next) select(next);
    } else if (event.key === "Enter" || event.key === " ") activate(block);
    else if (event.key === "Escape") back(block);
    else if (event.key === "+" || event.key === "=") camera.zoom(STEP);
    else if (event.key === "-") camera.zoom(1 / STEP);
    else if (event.key === "0") fit();
    else return;
    noteScale();
    // JupyterLab has its own meanings for most of these keys.
    event.preventDefault();
    event.stopPropagation();
  });

  listen(pane, "wheel", (event) => {
    const wanted = event.ctrlKey || event.metaKey || pane.contains(pane.getRootNode().activeElement);
    if (!wanted) return;
    const corner = pane.getBoundingClientRect();
    camera.zoom(Math.exp(-event.deltaY / 400), event.clientX - corner.left, event.clientY - corner.top);
    noteScale();
    event.preventDefault();
  }, { passive: false });

  let drag = null;
  listen(pane, "pointerdown", (event) => {
    if (event.button === 0) drag = { x: event.clientX, y: event.clientY, moved: false };
  });
  listen(pane, "pointermove", (event) => {
    if (!drag) return;
    const dx = event.clientX - drag.x, dy = event.clientY - drag.y;
    if (!drag.moved && Math.hypot(dx, dy) < 5) return;
    if (!drag.moved) {
      pane.setPointerCapture(event.pointerId);
      pane.classList.add("uv-dragging");
    }
    drag = { x: event.clientX, y: event.clientY, moved: true };
    camera.pan(dx, dy);
  });
  // A drag's own click comes after pointerup; the flag outlives it by one task.
  const endDrag = () => {
    pane.classList.remove("uv-dragging");
    setTimeout(() => { drag = null; });
  };
  listen(pane, "pointerup", endDrag);
  listen(pane, "pointercancel", endDrag);
  listen(pane, "click", (event) => {
    if (drag?.moved) return;
    const block = event.target.closest("[data-block]");
    if (!block) return;
    if (isGroup(block)) {
      block.focus({ preventScroll: true });
      toggle(block);
    } else select(block);
  });
  listen(pane, "dblclick", (event) => {
    const block = event.target.closest("[data-block]");
    if (block && !isGroup(block)) activate(block);
  });
  listen(pane, "pointerover", (event) => {
    const key = event.target.closest("[data-block]")?.dataset.block ?? "";
    if (key === (root.dataset.hovered ?? "")) return;
    root.dataset.hovered = key;
    drawDetails(key || model.get("selected"));
  });
  listen(pane, "pointerleave", () => {
    root.dataset.hovered = "";
    drawDetails(model.get("selected"));
  });

  listen(field, "keydown", (event) => {
    event.stopPropagation();
    if (event.key !== "Enter") return;
    const address = parseAddress(field.value);
    const size = (block) => BigInt(block.dataset.end) - BigInt(block.dataset.start);
    const hits = address === null ? [] : blocks().filter((block) =>
      BigInt(block.dataset.start) <= address && address < BigInt(block.dataset.end));
    // An open group contains its blocks: take the narrowest; of several columns, the first.
    const hit = hits.sort((a, b) => (size(a) < size(b) ? -1 : size(a) > size(b) ? 1 : 0))[0];
    field.setAttribute("aria-invalid", String(address === null));
    if (hit) return select(hit, { focus: false });
    model.set("selected", "");
    model.save_changes();
    drawSelection();
    const answer = address === null ? "Write an address in hexadecimal, such as 0x40_1000." : `0x${address.toString(16)} is unmapped.`;
    details.replaceChildren(element("p", { class: "uv-hint" }, answer));
  });

  const changes = {
    "change:_picture": drawPicture,
    "change:_table": drawTable,
    "change:_details": () => drawDetails(model.get("selected")),
    "change:selected": drawSelection,
    "change:task": drawMode,
    "change:locked": drawMode,
    "change:height": fit,
  };
  for (const [name, handler] of Object.entries(changes)) model.on(name, handler);
  const sizes = new ResizeObserver(() => camera.resize(model.get("height")));
  sizes.observe(pane);

  drawTable();
  drawPicture();
  drawMode();
  root.dataset.ready = "true";

  return () => {
    ending.abort();
    sizes.disconnect();
    for (const [name, handler] of Object.entries(changes)) model.off(name, handler);
  };
}

export default { render };
