// Things in a picture that are chosen by pointer and keyboard: elements with data-item, each with a .uv-ring. Goes after
// zoom.js and frame.js, before a view's own module (static_form.py).

/** Room the details need to stand beside the picture, in pixels. */
const DETAILS_WIDTH = 296;

/** The buttons that change how large a picture is; `scale()` gives its Scale. */
function zoomButtons(scale) {
  return [
    button("zoom-in", "Zoom in", "+", () => scale().zoom(STEP)),
    button("zoom-out", "Zoom out", "−", () => scale().zoom(1 / STEP)),
    button("fit", "The whole picture at once", "Fit", () => scale().fit(scale().whole)),
  ];
}

/**
 * Shows pictures in a frame, and lets their items be chosen. The root element tells: data-selected, data-scale,
 * data-beside.
 *
 * `around` is what frame() gave; `details(key)` the facts of an item. Traits read: selected, the chosen item's key;
 * _details; height. Focus follows the choice where it was on an item.
 *
 * Gives { scale, items, byKey, boxOf, draw(svg), choose(item), walk(list, item, by), follow(traits, drawPicture) }.
 */
function itemPicture({ model, signal, around, details = (key) => model.get("_details")[key] }) {
  const { root, stage, pane, showFacts, say, onMode } = around;
  const scale = new Scale(pane, stage, (value) => { root.dataset.scale = value.toFixed(2); });
  const items = () => [...pane.querySelectorAll("[data-item]")];
  const byKey = (key) => items().find((item) => item.dataset.item === key);
  const boxOf = (item) => item.querySelector(":scope > .uv-ring").getBBox();
  const selected = () => model.get("selected");

  function drawSelection() {
    const chosen = byKey(selected());
    root.dataset.selected = selected();
    for (const box of pane.querySelectorAll('[role="listbox"]')) {
      const members = [...box.querySelectorAll("[data-item]")];
      // One tab stop a box; the arrow keys do the rest.
      const stop = members.includes(chosen) ? chosen : members[0];
      for (const item of members) {
        item.setAttribute("aria-selected", String(item === chosen));
        item.setAttribute("tabindex", item === stop ? "0" : "-1");
      }
    }
    if (chosen) scale.reveal(boxOf(chosen));
    showFacts(details(selected()));
  }

  /** Shares the room there is now between the picture and the details. */
  function arrange() {
    if (!scale.svg) return;
    scale.maximumHeight = model.get("height");
    scale.fit();
    root.dataset.beside = String(stage.clientWidth - scale.width * scale.initial() >= DETAILS_WIDTH);
  }

  function draw(svg) {
    const hadFocus = pane.contains(pane.getRootNode().activeElement);
    const { scrollLeft, scrollTop } = pane;
    pane.innerHTML = svg;
    scale.attach(pane.querySelector("svg"));
    arrange();
    pane.scrollTo(scrollLeft, scrollTop);
    drawSelection();
    if (hadFocus) (byKey(selected()) ?? items()[0])?.focus({ preventScroll: true });
  }

  function choose(item, { focus = true } = {}) {
    model.set("selected", item?.dataset.item ?? "");
    model.save_changes();
    drawSelection();
    if (!item) return;
    if (focus) item.focus({ preventScroll: true });
    else say(item.getAttribute("aria-label"));
  }

  /** Chooses the item so many places after this one in a list, or the list's first or last. */
  function walk(list, item, by, options) {
    choose(list[Math.max(0, Math.min(list.length - 1, list.indexOf(item) + by))], options);
  }

  /** Draws the picture now and whenever one of these traits changes, and the choice whenever that does. */
  function follow(traits, drawPicture) {
    for (const trait of traits) model.on(`change:${trait}`, drawPicture);
    for (const trait of ["_details", "selected"]) model.on(`change:${trait}`, drawSelection);
    drawPicture();
    root.dataset.ready = "true";
  }

  const drag = moveByPointer(pane, scale);
  pane.addEventListener("click", (event) => {
    const item = event.target.closest("[data-item]");
    if (item && !drag.moved) choose(item);
  });
  pane.addEventListener("pointerover", (event) => {
    const key = event.target.closest("[data-item]")?.dataset.item;
    showFacts(details(key ?? selected()));
  });
  pane.addEventListener("pointerleave", () => showFacts(details(selected())));
  onKeys(pane, "[data-item]", {
    "+": () => scale.zoom(STEP), "=": () => scale.zoom(STEP), "-": () => scale.zoom(1 / STEP),
    0: () => scale.fit(scale.initial),
  });
  onMode(arrange);
  const room = new ResizeObserver(arrange);
  room.observe(stage);
  signal.addEventListener("abort", () => room.disconnect());
  return { scale, items, byKey, boxOf, draw, choose, walk, follow };
}
