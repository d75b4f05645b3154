// Interaction for the address-space picture. Python draws it (render.py); this zooms, walks, finds and tells.
//
// State for readers of the page, on the root element: data-ready, data-locked, data-table, data-selected,
// data-hovered, data-expanded (keys joined by spaces), data-scale, data-beside (whether the details stand beside the
// picture or above it), data-start and data-end of what the details show.

/** Below this scale the text is too small to read: the picture scrolls instead of shrinking further. */
const SMALLEST_READABLE = 0.72;
const LARGEST = 4;
const STEP = 1.25;
/** Room the details need to stand beside the picture, in pixels. */
const DETAILS_WIDTH = 296;

const HINT =
  "Point at a region, or walk with the arrow keys. Enter opens a group or zooms in; Escape goes back. " +
  "Keys + and − zoom, and so does the wheel with Ctrl; drag to move.";

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

/** How large the picture is drawn in its pane. What does not fit, the pane scrolls. */
class Scale {
  constructor(pane, frame, onChange) {
    Object.assign(this, { pane, frame, onChange });
    this.value = 1;
    this.choose = this.initial;
  }

  attach(svg) {
    this.svg = svg;
    this.width = Number(svg.getAttribute("width"));
    this.height = Number(svg.getAttribute("height"));
  }

  /** The whole picture, however small. */
  whole() {
    const edges = this.pane.offsetHeight - this.pane.clientHeight;
    return Math.min(1, this.across(), (this.maximumHeight - edges) / this.height);
  }

  /** The whole picture where that is readable; else its whole width where that is. */
  initial() {
    const whole = this.whole();
    return whole >= SMALLEST_READABLE ? whole : Math.min(1, Math.max(SMALLEST_READABLE, this.across()));
  }

  across() {
    const edges = this.pane.offsetWidth - this.pane.clientWidth;
    return (this.frame.clientWidth - edges) / this.width;
  }

  get isInitial() { return Math.abs(this.value - this.initial()) < 0.01; }

  /** Chooses the scale by `initial` or `whole`, now and whenever there is more or less room. */
  fit(choose = this.choose) {
    this.choose = choose;
    // A view that is not on the page yet, or hidden, has no room.
    if (choose && this.frame.clientWidth) this.set(choose.call(this));
    else this.set(this.value);
  }

  /** Zooms and keeps the point at (x, y) of the pane where it is. */
  zoom(factor, x = this.pane.clientWidth / 2, y = this.pane.clientHeight / 2) {
    this.choose = null;
    const { scrollLeft, scrollTop } = this.pane;
    const before = this.value;
    this.set(Math.max(Math.min(this.whole(), before), Math.min(LARGEST, before * factor)));
    const by = this.value / before;
    this.pane.scrollTo((scrollLeft + x) * by - x, (scrollTop + y) * by - y);
  }

  /** Zooms in on the middle of a box of the picture. */
  zoomTo(box) {
    this.choose = null;
    this.set(Math.min(LARGEST, Math.max(2, this.value)));
    this.pane.scrollTo(
      (box.x + box.width / 2) * this.value - this.pane.clientWidth / 2,
      (box.y + box.height / 2) * this.value - this.pane.clientHeight / 2);
  }

  set(value) {
    this.value = value;
    this.svg.setAttribute("width", this.width * value);
    this.svg.setAttribute("height", this.height * value);
    this.onChange(value);
  }

  /** Scrolls the pane, not the page, as little as shows a box with some room around it. */
  reveal(box, room = 24) {
    const into = (at, length, from, span) => {
      if (at - room < from) return at - room;
      return Math.max(from, at + length + room - span);
    };
    const [x, y, width, height] = [box.x, box.y, box.width, box.height].map((length) => length * this.value);
    this.pane.scrollTo(
      into(x, width, this.pane.scrollLeft, this.pane.clientWidth),
      into(y, height, this.pane.scrollTop, this.pane.clientHeight));
  }
}

function render({ model, el, signal }) {
  const task = element("p", { class: "uv-task" });
  const lock = element("p", { class: "uv-lock", role: "status" }, "Commit a prediction first, or skip it.");
  const pane = element("div", { class: "uv-pane" });
  const hint = element("p", { class: "uv-hint" }, HINT);
  const facts = element("dl");
  const details = element("div", { class: "uv-details", role: "group", "aria-label": "Details of the region" }, facts, hint);
  const picture = element("div", { class: "uv-stage" }, details, pane);
  const tablePane = element("div", { class: "uv-table-pane", tabindex: "0", role: "region", "aria-label": "Table of regions" });
  const field = element("input", { type: "text", placeholder: "0x…", spellcheck: "false", autocomplete: "off", "data-action": "find" });
  const answer = element("span", { class: "uv-answer", role: "status" });
  const scale = new Scale(pane, picture, (value) => { root.dataset.scale = value.toFixed(2); });
  const controls = element("div", { class: "uv-controls" },
    button("zoom-in", "Zoom in", "+", () => scale.zoom(STEP)),
    button("zoom-out", "Zoom out", "−", () => scale.zoom(1 / STEP)),
    button("fit", "The whole picture at once", "Fit", () => scale.fit(scale.whole)),
    element("label", { class: "uv-find" }, "Find an address", field), answer);
  const tableButton = button("table", "Show the table instead of the picture", "Table", () => {
    root.dataset.table = String(root.dataset.table !== "true");
    drawMode();
  });
  const toolbar = element("div", { class: "uv-toolbar", role: "group", "aria-label": "Controls" }, tableButton, controls);
  const content = element("div", {}, toolbar, picture, tablePane);
  const root = element("div", { class: "uv uv-view", "data-table": "false" }, task, lock, content);
  el.append(root);

  const blocks = () => [...pane.querySelectorAll("[data-block]")];
  const byKey = (key) => blocks().find((block) => block.dataset.block === key);
  const spaceOf = (block) => block.dataset.block.split(":")[0];
  const boxOf = (block) => block.querySelector(":scope > .uv-ring").getBBox();
  const isGroup = (block) => block.hasAttribute("aria-expanded");
  const isOpen = (block) => block.getAttribute("aria-expanded") === "true";
  const groupAround = (block) => block.parentElement.closest("[data-block]");

  function drawDetails(key) {
    const all = model.get("_details");
    const block = byKey(key);
    for (const name of ["start", "end"]) {
      if (block) root.dataset[name] = block.dataset[name];
      else delete root.dataset[name];
    }
    facts.replaceChildren(...Object.entries(all[key] ?? {}).map(([name, text]) =>
      element("div", {}, element("dt", {}, name), element("dd", { "data-field": name }, text))));
    hint.hidden = key in all;
  }

  function drawSelection() {
    const chosen = byKey(model.get("selected"));
    root.dataset.selected = model.get("selected");
    for (const tree of pane.querySelectorAll('[role="tree"]')) {
      const items = [...tree.querySelectorAll("[data-block]")];
      // One tab stop a column; the arrow keys do the rest.
      const stop = items.includes(chosen) ? chosen : items[0];
      for (const item of items) {
        item.setAttribute("aria-selected", String(item === chosen));
        item.setAttribute("tabindex", item === stop ? "0" : "-1");
      }
    }
    if (chosen) scale.reveal(boxOf(chosen));
    drawDetails(model.get("selected"));
  }

  function drawPicture() {
    const hadFocus = pane.contains(pane.getRootNode().activeElement);
    pane.innerHTML = model.get("_picture");
    scale.attach(pane.querySelector("svg"));
    arrange();
    root.dataset.expanded = model.get("expanded").join(" ");
    drawSelection();
    if (hadFocus) (byKey(model.get("selected")) ?? blocks()[0])?.focus({ preventScroll: true });
  }

  function drawTable() {
    tablePane.innerHTML = model.get("_table");
  }

  function drawMode() {
    const locked = model.get("locked");
    const asTable = root.dataset.table === "true";
    root.dataset.locked = String(locked);
    lock.hidden = !locked;
    content.hidden = locked;
    picture.hidden = controls.hidden = asTable;
    tablePane.hidden = !asTable;
    tableButton.setAttribute("aria-pressed", String(asTable));
    task.textContent = model.get("task");
    task.hidden = !model.get("task");
  }

  /** Shares the room there is now between the picture and the details. */
  function arrange() {
    scale.maximumHeight = model.get("height");
    pane.style.maxHeight = tablePane.style.maxHeight = `${scale.maximumHeight}px`;
    scale.fit();
    root.dataset.beside = String(picture.clientWidth - scale.width * scale.initial() >= DETAILS_WIDTH);
  }

  function select(block) {
    model.set("selected", block?.dataset.block ?? "");
    model.save_changes();
    drawSelection();
  }

  function walkTo(block) {
    select(block);
    block.focus();
  }

  function toggle(block) {
    const key = block.dataset.block;
    const others = model.get("expanded").filter((other) => other !== key);
    model.set("selected", key);
    model.set("expanded", isOpen(block) ? others : [...others, key]);
    model.save_changes();
    drawSelection();
  }

  function activate(block) {
    if (isGroup(block)) return toggle(block);
    walkTo(block);
    scale.zoomTo(boxOf(block));
  }

  function back(block) {
    const open = isOpen(block) ? block : groupAround(block);
    if (!scale.isInitial) scale.fit(scale.initial);
    else if (open) toggle(open);
  }

  /** The block of a neighbouring column at about the same height. */
  function sideways(block, by) {
    const target = String(Number(spaceOf(block)) + by);
    const { y } = boxOf(block);
    return blocks().filter((other) => spaceOf(other) === target)
      .sort((a, b) => Math.abs(boxOf(a).y - y) - Math.abs(boxOf(b).y - y))[0];
  }

  /** What the keys of a tree do: the four arrows, Home and End. Right and left also cross between columns. */
  function walk(block, key) {
    const column = blocks().filter((other) => spaceOf(other) === spaceOf(block));
    const at = column.indexOf(block);
    if (key === "ArrowRight" && isGroup(block) && !isOpen(block)) return toggle(block);
    if (key === "ArrowLeft" && isOpen(block)) return toggle(block);
    const next = {
      ArrowUp: () => column[at - 1],
      ArrowDown: () => column[at + 1],
      Home: () => column[0],
      End: () => column.at(-1),
      ArrowLeft: () => groupAround(block) ?? sideways(block, -1),
      ArrowRight: () => (isOpen(block) ? column[at + 1] : sideways(block, 1)),
    }[key]();
    if (next) walkTo(next);
  }

  const KEYS = {
    Enter: activate, " ": activate, Escape: back,
    "+": () => scale.zoom(STEP), "=": () => scale.zoom(STEP), "-": () => scale.zoom(1 / STEP),
    0: () => scale.fit(scale.initial),
  };
  for (const key of ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End"]) KEYS[key] = (block) => walk(block, key);

  pane.addEventListener("keydown", (event) => {
    const block = event.target.closest("[data-block]");
    if (!block || !(event.key in KEYS) || event.ctrlKey || event.metaKey || event.altKey) return;
    KEYS[event.key](block);
    event.preventDefault();
  });
  keepKeys(root);

  pane.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    const corner = pane.getBoundingClientRect();
    scale.zoom(Math.exp(-event.deltaY / 400), event.clientX - corner.left, event.clientY - corner.top);
    event.preventDefault();
  }, { passive: false });

  let drag = null;
  pane.addEventListener("pointerdown", (event) => {
    // A finger already scrolls.
    if (event.button === 0 && event.pointerType === "mouse") drag = { x: event.clientX, y: event.clientY, moved: false };
  });
  pane.addEventListener("pointermove", (event) => {
    if (!drag || (!drag.moved && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < 5)) return;
    if (!drag.moved) pane.setPointerCapture(event.pointerId);
    pane.scrollBy(drag.x - event.clientX, drag.y - event.clientY);
    drag = { x: event.clientX, y: event.clientY, moved: true };
  });
  // A drag's own click comes after pointerup; the flag outlives it by one task.
  for (const ending of ["pointerup", "pointercancel"]) pane.addEventListener(ending, () => setTimeout(() => { drag = null; }));

  pane.addEventListener("click", (event) => {
    const block = event.target.closest("[data-block]");
    if (!block || drag?.moved) return;
    block.focus({ preventScroll: true });
    if (isGroup(block)) toggle(block);
    else select(block);
  });
  pane.addEventListener("dblclick", (event) => {
    const block = event.target.closest("[data-block]");
    if (block && !isGroup(block)) activate(block);
  });
  pane.addEventListener("pointerover", (event) => {
    const key = event.target.closest("[data-block]")?.dataset.block ?? "";
    root.dataset.hovered = key;
    drawDetails(key || model.get("selected"));
  });
  pane.addEventListener("pointerleave", () => {
    root.dataset.hovered = "";
    drawDetails(model.get("selected"));
  });

  function findAddress() {
    const address = parseAddress(field.value);
    const hits = address === null ? [] : blocks().filter((block) =>
      BigInt(block.dataset.start) <= address && address < BigInt(block.dataset.end));
    // An open group comes before the blocks in it. Where several columns have the address, the first counts.
    const hit = hits.filter((block) => spaceOf(block) === spaceOf(hits[0])).at(-1);
    field.setAttribute("aria-invalid", String(address === null));
    if (address === null) answer.textContent = "Write an address in hexadecimal, such as 0x40_1000.";
    else answer.textContent = hit ? hit.getAttribute("aria-label") : `0x${address.toString(16)} is unmapped.`;
    select(hit);
  }
  field.addEventListener("keydown", (event) => { if (event.key === "Enter") findAddress(); });
  field.addEventListener("input", () => { answer.textContent = ""; });

  const changes = {
    _picture: drawPicture,
    _table: drawTable,
    _details: () => drawDetails(model.get("selected")),
    selected: drawSelection,
    task: drawMode,
    locked: drawMode,
    height: arrange,
  };
  for (const [name, handler] of Object.entries(changes)) model.on(`change:${name}`, handler);
  const room = new ResizeObserver(arrange);
  room.observe(picture);
  signal.addEventListener("abort", () => room.disconnect());

  drawTable();
  drawPicture();
  drawMode();
  root.dataset.ready = "true";
}

export default { render };
