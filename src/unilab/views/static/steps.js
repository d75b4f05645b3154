// A picture whose parts are steps, shown one after another. Goes between frame.js and a view's own module.

/**
 * The tool bar's buttons and the keys for stepping through the parts of a picture: elements with data-block 0, 1, ... n.
 *
 * `pane` holds them, `go(step)` shows one. Gives { controls, bind, draw }: `bind(pane)` once, `draw(step)` after each change.
 */
function stepper({ count, current, go }) {
  const previous = button("previous", "Previous step", "◂ Previous", () => go(Math.max(0, current() - 1)));
  const next = button("next", "Next step", "Next ▸", () => go(Math.min(count() - 1, current() + 1)));
  const all = button("all", "Every step at once", "All", () => go(-1));
  const place = element("span", { class: "uv-place" });

  function draw() {
    const at = current();
    previous.disabled = at <= 0;
    next.disabled = at >= count() - 1;
    all.setAttribute("aria-pressed", String(at < 0));
    place.textContent = at < 0 ? `${count()} steps` : `step ${at + 1} of ${count()}`;
  }

  function bind(pane) {
    const forward = () => go(Math.min(count() - 1, current() + 1));
    const backward = () => go(Math.max(0, current() - 1));
    onKeys(pane, "[data-block]", {
      ArrowDown: forward, ArrowRight: forward, ArrowUp: backward, ArrowLeft: backward,
      Home: () => go(0), End: () => go(count() - 1), Escape: () => go(-1),
      Enter: (block) => go(Number(block.dataset.block)), " ": (block) => go(Number(block.dataset.block)),
    });
  }
  return { controls: [previous, next, all, place], bind, draw };
}
