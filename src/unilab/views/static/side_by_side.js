// Interaction for address spaces beside each other. Python draws them (side_by_side_drawing.py); this walks, follows links
// and filters, without a kernel.
//
// State for readers of the page, on the root element: data-ready, data-locked, data-table, data-selected, data-thing (the
// linked thing that is selected), data-scale, data-hidden (how many blocks the filters put out).

const HINT =
  "Walk with the arrow keys. On a linked thing, left and right follow its line to the next architecture; keys [ and ] " +
  "go to the linked things of a column. Escape lets go.";

function render({ model, el, signal }) {
  const chips = (name, words) => element("fieldset", { class: "uv-chips" }, element("legend", {}, name),
    ...words.map((word) => {
      const box = element("input", { type: "checkbox", "data-filter": name, value: word });
      box.checked = true;
      box.addEventListener("change", drawFilter);
      return element("label", {}, box, word);
    }));
  const { root, stage, pane, details, say, showFacts, onMode } = frame({
    model, el, name: "side", hint: HINT, detailsLabel: "Details of the block",
    controls: [
      button("zoom-in", "Zoom in", "+", () => scale.zoom(STEP)),
      button("zoom-out", "Zoom out", "−", () => scale.zoom(1 / STEP)),
      button("fit", "The whole picture at once", "Fit", () => scale.fit(scale.whole)),
      chips("Privilege", model.get("_rings")), chips("Owner", model.get("_owners")),
      element("fieldset", { class: "uv-chips uv-things" }, element("legend", {}, "Follow"),
        ...model.get("_things").map((name) => button("follow", `Follow ${name}`, name, () => follow(name)))),
    ],
  });
  const scale = new Scale(pane, stage, (value) => { root.dataset.scale = value.toFixed(2); });

  const all = () => [...pane.querySelectorAll("[data-block]")];
  const shown = () => all().filter((block) => !block.classList.contains("uv-off"));
  const byKey = (key) => all().find((block) => block.dataset.block === key);
  const spaceOf = (block) => Number(block.dataset.block.split(":")[0]);
  const boxOf = (block) => block.querySelector(":scope > .uv-ring").getBBox();
  const allowed = (name) => new Set([...root.querySelectorAll(`[data-filter="${name}"]:checked`)].map((box) => box.value));

  function drawFilter() {
    const rings = allowed("Privilege");
    const owners = allowed("Owner");
    for (const block of all()) {
      const on = rings.has(block.dataset.ring) && block.dataset.owners.split("|").some((owner) => owners.has(owner));
      block.classList.toggle("uv-off", !on);
      block.setAttribute("aria-hidden", String(!on));
    }
    for (const link of pane.querySelectorAll("[data-link]")) {
      const on = link.dataset.rings.split("|").every((ring) => rings.has(ring))
        && link.dataset.owners.split("|").every((owner) => owners.has(owner));
      link.classList.toggle("uv-off", !on);
    }
    root.dataset.hidden = String(all().length - shown().length);
    drawSelection();
  }

  function drawDetails(block) {
    const known = model.get("_details");
    const thing = block?.dataset.thing;
    const own = block ? known[block.dataset.block] : undefined;
    showFacts(block ? { ...(thing ? known[`thing:${thing}`] : {}), ...own } : null);
  }

  function drawSelection() {
    let chosen = byKey(model.get("selected"));
    if (chosen?.classList.contains("uv-off")) chosen = undefined;
    const thing = chosen?.dataset.thing ?? "";
    root.dataset.selected = chosen?.dataset.block ?? "";
    root.dataset.thing = thing;
    const stops = new Map();
    for (const block of shown()) {
      if (block === chosen || !stops.has(spaceOf(block))) stops.set(spaceOf(block), block);
    }
    for (const block of all()) {
      block.setAttribute("aria-selected", String(block === chosen));
      block.setAttribute("tabindex", stops.get(spaceOf(block)) === block ? "0" : "-1");
      block.classList.toggle("uv-same", Boolean(thing) && block.dataset.thing === thing);
    }
    for (const link of pane.querySelectorAll("[data-link]")) {
      link.classList.toggle("uv-lit", link.dataset.link === thing);
      link.classList.toggle("uv-faint", Boolean(thing) && link.dataset.link !== thing);
    }
    for (const one of root.querySelectorAll('[data-action="follow"]')) {
      one.setAttribute("aria-pressed", String(one.textContent === thing));
    }
    if (chosen) scale.reveal(boxOf(chosen));
    drawDetails(chosen);
  }

  function select(block) {
    model.set("selected", block?.dataset.block ?? "");
    model.save_changes();
    drawSelection();
  }

  function walkTo(block) {
    if (!block) return;
    select(block);
    block.focus({ preventScroll: true });
  }

  const column = (index) => shown().filter((block) => spaceOf(block) === index)
    .sort((a, b) => boxOf(a).y - boxOf(b).y);
  const ends = (name) => shown().filter((block) => block.dataset.thing === name)
    .sort((a, b) => spaceOf(a) - spaceOf(b));

  /** Selects a thing in the first column that has it, or in the next one if it is selected already. */
  function follow(name) {
    const places = ends(name);
    const at = places.findIndex((block) => block.dataset.block === model.get("selected"));
    const next = places[(at + 1) % places.length];
    select(next);
    say(next ? next.getAttribute("aria-label") : `${name} is hidden by the filters`);
  }

  function sideways(block, by) {
    if (block.dataset.thing) {
      const places = ends(block.dataset.thing);
      return places[places.indexOf(block) + by];
    }
    const { y } = boxOf(block);
    for (let index = spaceOf(block) + by; index >= 0 && index <= 64; index += by) {
      const found = column(index).sort((a, b) => Math.abs(boxOf(a).y - y) - Math.abs(boxOf(b).y - y))[0];
      if (found || index < 0) return found;
    }
    return undefined;
  }

  function step(block, by, wanted = () => true) {
    const blocks = column(spaceOf(block)).filter((each) => each === block || wanted(each));
    return blocks[blocks.indexOf(block) + by];
  }

  const isThing = (block) => "thing" in block.dataset;
  onKeys(pane, "[data-block]", {
    ArrowUp: (block) => walkTo(step(block, -1)),
    ArrowDown: (block) => walkTo(step(block, 1)),
    ArrowLeft: (block) => walkTo(sideways(block, -1)),
    ArrowRight: (block) => walkTo(sideways(block, 1)),
    "[": (block) => walkTo(step(block, -1, isThing)),
    "]": (block) => walkTo(step(block, 1, isThing)),
    Home: (block) => walkTo(column(spaceOf(block))[0]),
    End: (block) => walkTo(column(spaceOf(block)).at(-1)),
    Enter: (block) => { walkTo(block); scale.zoomTo(boxOf(block)); },
    " ": (block) => walkTo(block),
    Escape: () => { if (scale.isInitial) select(null); else scale.fit(scale.initial); },
    "+": () => scale.zoom(STEP), "=": () => scale.zoom(STEP), "-": () => scale.zoom(1 / STEP),
    0: () => scale.fit(scale.initial),
  });
  const drag = moveByPointer(pane, scale);
  pane.addEventListener("click", (event) => {
    const block = event.target.closest("[data-block]");
    if (drag.moved || block?.classList.contains("uv-off")) return;
    if (block) walkTo(block);
  });
  pane.addEventListener("pointerover", (event) => {
    const block = event.target.closest("[data-block]");
    if (block) drawDetails(block);
    else drawDetails(byKey(model.get("selected")));
  });
  pane.addEventListener("pointerleave", () => drawDetails(byKey(model.get("selected"))));

  function arrange() {
    scale.maximumHeight = model.get("height");
    scale.fit();
  }

  function drawPicture() {
    pane.innerHTML = model.get("_picture");
    scale.attach(pane.querySelector("svg"));
    arrange();
    drawFilter();
  }

  model.on("change:_picture", drawPicture);
  model.on("change:selected", drawSelection);
  const room = new ResizeObserver(arrange);
  room.observe(stage);
  signal.addEventListener("abort", () => room.disconnect());
  stage.append(details); // below the picture, which takes the whole width
  drawPicture();
  onMode(arrange);
  root.dataset.ready = "true";
}

export default { render };
