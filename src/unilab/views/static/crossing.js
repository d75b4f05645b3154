// Interaction for the picture of journeys: stepping, crossings, folds. Python draws it (crossing_drawing.py).
//
// State for readers of the page, on the root element, beside what frame.js and items.js tell there: data-journey and
// data-step of the selected step, from 0; data-expanded, keys of open folds joined by spaces.

const HINT =
  "Step with the arrow keys up and down; Page Up and Page Down go from crossing to crossing, left and right to another " +
  "journey. Enter opens a fold. Keys + and − zoom; drag to move.";

function render({ model, el, signal }) {
  const counter = element("output", { "aria-label": "Step" });
  const around = frame({
    model, el, name: "crossing", hint: HINT, detailsLabel: "Details of the step",
    controls: [
      ...zoomButtons(() => picture.scale),
      element("span", { class: "uv-steps", role: "group", "aria-label": "Steps" },
        button("first", "First step", "|◀", () => go(0)),
        button("previous", "Previous step", "◀", () => move(-1)),
        counter,
        button("next", "Next step", "▶", () => move(1)),
        button("last", "Last step", "▶|", () => go(lengths()[journey()] - 1)),
        button("crossing", "Next change of privilege", "Next crossing", () => cross(1))),
    ],
  });
  const { root, pane } = around;
  const lengths = () => model.get("_lengths");
  const journey = () => Number(model.get("selected").split(":")[0] || 0);
  /** The selected step; −1 where none is. */
  const step = () => (model.get("selected") ? parseInt(model.get("selected").split(":")[1], 10) : -1);

  const picture = itemPicture({ model, signal, around });

  function drawCounter() {
    const [length, at] = [lengths()[journey()] ?? 0, step()];
    root.dataset.journey = String(journey());
    root.dataset.step = String(at);
    counter.textContent = at < 0 ? `– / ${length}` : `${at + 1} / ${length}`;
  }

  /** Selects a step; one that is folded away is drawn by Python first. */
  function go(to, of = journey()) {
    const length = lengths()[of] ?? 0;
    if (!length) return;
    const key = `${of}:${Math.max(0, Math.min(length - 1, to))}`;
    const item = picture.byKey(key);
    const onItem = pane.contains(pane.getRootNode().activeElement);
    if (item) {
      picture.choose(item, { focus: onItem });
    } else if (root.dataset.stale === "true") {
      // Nobody can draw it any more: the fold that holds it.
      const fold = picture.items().find((each) => {
        const [first, last] = each.dataset.item.split(":")[1].split("-").map(Number);
        return each.dataset.item.startsWith(`${of}:`) && first <= to && to <= last;
      });
      if (fold) picture.choose(fold, { focus: onItem });
    } else {
      model.set("selected", key);
      model.save_changes();
    }
    drawCounter();
  }

  const move = (by) => go(step() + by);

  function cross(by) {
    const places = model.get("_crossings")[journey()] ?? [];
    const next = by > 0 ? places.find((place) => place > step()) : places.findLast((place) => place < step());
    if (next === undefined) around.say("No other change of privilege there.");
    else go(next);
  }

  /** A step about as far down another journey. */
  function sideways(item, by) {
    const other = journey() + by;
    if (other < 0 || other >= lengths().length) return;
    const { y } = picture.boxOf(item);
    const near = picture.items().filter((each) => each.dataset.item.startsWith(`${other}:`))
      .sort((a, b) => Math.abs(picture.boxOf(a).y - y) - Math.abs(picture.boxOf(b).y - y))[0];
    if (near) { picture.choose(near); drawCounter(); }
  }

  const isFold = (item) => item.dataset.item.includes("-");

  function open(item) {
    if (!isFold(item)) return;
    const first = item.dataset.item.split("-")[0];
    model.set("selected", first);
    model.set("expanded", [...model.get("expanded"), item.dataset.item]);
    model.save_changes();
  }

  /**
   * One step on; from a fold, the step before or after all of it. What counts is what is selected, not what has the
   * focus: a step out of a fold is yet to be drawn.
   */
  function walk(item, by) {
    const [of, span] = (model.get("selected") || item.dataset.item).split(":");
    const [first, last] = span.split("-").map(Number);
    go(by > 0 ? (last ?? first) + 1 : first - 1, Number(of));
  }

  onKeys(pane, "[data-item]", {
    ArrowDown: (item) => walk(item, 1), ArrowUp: (item) => walk(item, -1),
    ArrowLeft: (item) => sideways(item, -1), ArrowRight: (item) => sideways(item, 1),
    Home: () => go(0), End: () => go(lengths()[journey()] - 1),
    PageDown: () => cross(1), PageUp: () => cross(-1),
    Enter: open, " ": open,
  });
  pane.addEventListener("dblclick", (event) => {
    const item = event.target.closest("[data-item]");
    if (item) open(item);
  });
  pane.addEventListener("click", drawCounter);

  function drawPicture() {
    root.dataset.expanded = model.get("expanded").join(" ");
    picture.draw(model.get("_picture"));
    drawCounter();
  }

  model.on("change:selected", drawCounter);
  picture.follow(["_picture"], drawPicture);
}

export default { render };
