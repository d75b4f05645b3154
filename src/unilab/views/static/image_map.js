// Interaction for the picture of images' bytes. Python draws one picture for each image (image_map_drawing.py), all on one
// scale; here they follow each other, and what is in both moves to its new place.
//
// State for readers of the page, on the root element, beside what frame.js and items.js tell there: data-step.

const HINT =
  "Point at a box, or walk with the arrow keys: left and right from box to box, up and down from group to group. " +
  "Page Down and Page Up go to the next image and back. Keys + and − zoom; drag to move.";
const MOVE = { duration: 500, easing: "ease-in-out" };

function render({ model, el, signal }) {
  const choices = model.get("_names").map((name, step) =>
    button(`step-${step}`, `Show ${name}`, name, () => go(step)));
  const around = frame({
    model, el, name: "image-map", hint: HINT, detailsLabel: "Details of the box",
    controls: [
      ...zoomButtons(() => picture.scale),
      element("span", { class: "uv-steps", role: "group", "aria-label": "Images" }, ...choices),
    ],
  });
  const { root, pane, say } = around;
  const picture = itemPicture({ model, signal, around });

  function go(step) {
    const last = model.get("_names").length - 1;
    model.set("step", Math.max(0, Math.min(last, step)));
    model.save_changes();
  }

  /** Where each box is now, in the picture's own units. */
  function places() {
    return new Map(picture.items().map((item) => [item.dataset.item, item.querySelector(".uv-piece").getBBox()]));
  }

  /** Lets what was there before come from where it was. */
  function move(before) {
    if (!before.size || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    for (const item of picture.items()) {
      const from = before.get(item.dataset.item);
      const to = item.querySelector(".uv-piece").getBBox();
      if (!from || !to.width || !to.height) continue;
      item.style.transformBox = "fill-box";
      item.style.transformOrigin = "0 0";
      const start = `translate(${from.x - to.x}px, ${from.y - to.y}px) scale(${from.width / to.width}, ${from.height / to.height})`;
      item.animate([{ transform: start }, { transform: "none" }], MOVE);
    }
  }

  function drawPicture() {
    const step = model.get("step");
    const before = places();
    root.dataset.step = String(step);
    choices.forEach((choice, index) => choice.setAttribute("aria-pressed", String(index === step)));
    picture.draw(model.get("_pictures")[step]);
    move(before);
    const chosen = model.get("selected");
    const name = model.get("_names")[step];
    const there = chosen && picture.byKey(chosen);
    say(chosen && !there ? `${name}: ${model.get("_details")[chosen]?.object ?? chosen} is not there` : name);
  }

  function walk(item, by) {
    const all = picture.items();
    picture.choose(all[(all.indexOf(item) + by + all.length) % all.length]);
  }

  function group(item, by) {
    const groups = [...pane.querySelectorAll('[role="listbox"]')];
    const next = groups[(groups.indexOf(item.parentElement) + by + groups.length) % groups.length];
    picture.choose(next.querySelector("[data-item]"));
  }

  onKeys(pane, "[data-item]", {
    ArrowRight: (item) => walk(item, 1), ArrowLeft: (item) => walk(item, -1),
    ArrowDown: (item) => group(item, 1), ArrowUp: (item) => group(item, -1),
    Home: () => picture.choose(picture.items()[0]), End: () => picture.choose(picture.items().at(-1)),
    PageDown: () => go(model.get("step") + 1), PageUp: () => go(model.get("step") - 1),
  });
  picture.follow(["_pictures", "step"], drawPicture);
}

export default { render };
