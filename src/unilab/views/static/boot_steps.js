// Interaction for the pictures of a boot, step by step. Python draws them (boot_steps_drawing.py).
//
// State for readers of the page, on the root element, beside what frame.js and items.js tell there: data-at, data-steps.

const HINT =
  "Left and right go from step to step; up and down walk through registers and mappings. Keys + and − zoom; drag to move.";

function render({ model, el, signal }) {
  const counter = element("output", { "aria-label": "Step" });
  const pictures = () => model.get("_pictures");
  const at = () => Math.max(0, Math.min(model.get("at"), pictures().length - 1));
  const first = button("first", "First step", "|◀", () => go(0));
  const previous = button("previous", "Previous step", "◀", () => go(at() - 1));
  const next = button("next", "Next step", "▶", () => go(at() + 1));
  const last = button("last", "Last step", "▶|", () => go(pictures().length - 1));
  const around = frame({
    model, el, name: "boot-steps", hint: HINT, detailsLabel: "Details of the register or mapping",
    controls: [
      ...zoomButtons(() => picture.scale),
      element("span", { class: "uv-steps", role: "group", "aria-label": "Steps" }, first, previous, counter, next, last),
    ],
  });
  const { root, pane, say } = around;
  const picture = itemPicture({ model, signal, around, details: (key) => model.get("_all_details")[at()]?.[key] });

  function go(to) {
    if (to < 0 || to >= pictures().length) return;
    model.set("at", to);
    model.save_changes();
    say(model.get("_captions")[to]);
  }

  function drawPicture() {
    const count = pictures().length;
    root.dataset.at = String(at());
    root.dataset.steps = String(count);
    counter.textContent = `${at() + 1} / ${count}`;
    first.disabled = previous.disabled = at() <= 0;
    next.disabled = last.disabled = at() >= count - 1;
    picture.draw(pictures()[at()]);
  }

  const move = (item, by) => picture.walk(picture.items(), item, by);

  onKeys(pane, "[data-item]", {
    ArrowDown: (item) => move(item, 1), ArrowUp: (item) => move(item, -1),
    ArrowLeft: () => go(at() - 1), ArrowRight: () => go(at() + 1),
    Home: () => go(0), End: () => go(pictures().length - 1),
  });
  picture.follow(["_pictures", "at"], drawPicture);
}

export default { render };
