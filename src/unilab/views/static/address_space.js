// Interaction for the address-space picture. Python draws it (render.py); this zooms, walks, finds and tells.
//
// State for readers of the page, on the root element: data-ready, data-locked, data-table, data-selected,
// data-hovered, data-expanded (keys joined by spaces), data-scale, data-beside (whether the details stand beside the
// picture or above it), data-start and data-end of what the details show.

/** Room the details need to stand beside the picture, in pixels. */
const DETAILS_WIDTH = 296;

/** From this scale on, zooming in on a closed group opens it. */
const OPENING_SCALE = 1.6;

const HINT =
  "Point at a region, or walk with the arrow keys. Enter opens a group or zooms in; Escape goes back. " +
  "Keys + and − zoom, and so does the wheel with Ctrl; drag to move.";

/** Reads "0x7fff_ffff_f000", "7ffffffff000" or decimal "#4096"; null where it is none of them. */
function parseAddress(text) {
  const digits = text.trim().replaceAll("_", "").toLowerCase();
  if (/^#\d+$/.test(digits)) return BigInt(digits.slice(1));
  const hexadecimal = digits.replace(/^0x/, "");
  return /^[0-9a-f]{1,16}$/.test(hexadecimal) ? BigInt("0x" + hexadecimal) : null;
}

function render({ model, el, signal }) {
  const field = element("input", { type: "text", placeholder: "0x… or stack", spellcheck: "false", autocomplete: "off", "data-action": "find" });
  const answer = element("span", { class: "uv-answer", role: "status" });
  const { root, stage, pane, tablePane, showFacts, onMode } = frame({
    model, el, name: "space", hint: HINT, detailsLabel: "Details of the region",
    controls: [
      button("zoom-in", "Zoom in", "+", () => scale.zoom(STEP)),
      button("zoom-out", "Zoom out", "−", () => scale.zoom(1 / STEP)),
      button("fit", "The whole picture at once", "Fit", () => scale.fit(scale.whole)),
      element("label", { class: "uv-find" }, "Find", field), answer,
    ],
  });
  const scale = new Scale(pane, stage, (value) => { root.dataset.scale = value.toFixed(2); });

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
    showFacts(all[key]);
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

  /** Shares the room there is now between the picture and the details. */
  function arrange() {
    scale.maximumHeight = model.get("height");
    scale.fit();
    root.dataset.beside = String(stage.clientWidth - scale.width * scale.initial() >= DETAILS_WIDTH);
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

  /** Has Python draw a group open or closed. */
  function expand(key, opens) {
    if (root.dataset.stale === "true") {
      answer.textContent = "No kernel is there to draw it. Run the cell again.";
      return;
    }
    const others = model.get("expanded").filter((other) => other !== key);
    model.set("expanded", opens ? [...others, key] : others);
    model.save_changes();
  }

  function toggle(block) {
    model.set("selected", block.dataset.block);
    expand(block.dataset.block, !isOpen(block));
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

  onKeys(pane, "[data-block]", KEYS);

  /** The block under the pointer, or beside it: a small picture grows away from under a pointer that zooms it. */
  function blockAt(event) {
    const under = event.target.closest("[data-block]");
    if (under) return under;
    const corner = pane.getBoundingClientRect();
    const x = (pane.scrollLeft + event.clientX - corner.left) / scale.value;
    const y = (pane.scrollTop + event.clientY - corner.top) / scale.value;
    const away = (box) => Math.max(box.x - x, x - box.x - box.width);
    return blocks().map((block) => [block, boxOf(block)]).filter(([, box]) => box.y <= y && y < box.y + box.height)
      .sort(([, a], [, b]) => away(a) - away(b))[0]?.[0];
  }

  const drag = moveByPointer(pane, scale, (event) => {
    const block = blockAt(event);
    const inwards = event.deltaY < 0;
    if (inwards && block && isGroup(block) && !isOpen(block) && scale.value >= OPENING_SCALE) toggle(block);
    else if (!inwards && block && scale.isInitial) back(block);
  });
  pane.addEventListener("click", (event) => {
    const block = event.target.closest("[data-block]");
    if (!block || drag.moved) return;
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

  /** Among the blocks on show, where no kernel can look into the closed ones. */
  function findDrawn(text) {
    const address = parseAddress(text);
    const hits = blocks().filter((block) => (address === null
      ? block.getAttribute("aria-label").toLowerCase().includes(text.trim().toLowerCase())
      : BigInt(block.dataset.start) <= address && address < BigInt(block.dataset.end)));
    // An open group comes before the blocks in it. Where several columns have the address, the first counts.
    return hits.filter((block) => spaceOf(block) === spaceOf(hits[0])).at(-1);
  }

  async function findIt() {
    const reply = await ask(model, { find: field.value }, root);
    const hit = reply.silent ? findDrawn(field.value) : byKey(model.get("selected"));
    if (reply.silent && hit) select(hit);
    answer.textContent = hit ? hit.getAttribute("aria-label") : reply.error;
    field.setAttribute("aria-invalid", String(!hit));
    drawSelection();
  }
  field.addEventListener("keydown", (event) => { if (event.key === "Enter") findIt(); });
  field.addEventListener("input", () => { answer.textContent = ""; });

  /** Rows of groups open and close like their blocks. */
  function armTable() {
    for (const row of tablePane.querySelectorAll("[data-group]")) {
      const opens = row.dataset.open !== "true";
      const cell = row.querySelector("th");
      cell.prepend(button("group", opens ? "Give each of these mappings its row" : "One row for all of these mappings", opens ? "▸" : "▾", () => {
        expand(row.dataset.group, opens);
      }));
    }
  }

  const changes = {
    _table: armTable,
    _picture: drawPicture,
    _details: () => drawDetails(model.get("selected")),
    selected: drawSelection,
  };
  for (const [name, handler] of Object.entries(changes)) model.on(`change:${name}`, handler);
  let width = stage.clientWidth;
  const room = new ResizeObserver(() => {
    if (stage.clientWidth !== width) arrange();
    width = stage.clientWidth;
  });
  room.observe(stage);
  signal.addEventListener("abort", () => room.disconnect());

  drawPicture();
  armTable();
  onMode(arrange);
  root.dataset.ready = "true";
}

export default { render };
