// Interaction for the picture of a comparison. Python draws it (comparison_drawing.py).
//
// State for readers of the page, on the root element: what frame.js and items.js tell there.

const HINT =
  "Point at a line, or walk with the arrow keys: up and down from line to line, left and right from panel to panel. " +
  "Keys + and − zoom; drag to move.";

function render({ model, el, signal }) {
  const around = frame({
    model, el, name: "comparison", hint: HINT, detailsLabel: "Details of the figure",
    controls: zoomButtons(() => picture.scale),
  });
  const { pane, details } = around;
  // What there is to say of a figure may be more than there is room for: then it is scrolled, by keys too.
  details.tabIndex = 0;
  const picture = itemPicture({ model, signal, around });

  const move = (item, by) => picture.walk(picture.items(), item, by);

  function toPanel(item, by) {
    const [panel, line] = item.dataset.item.split(":").map(Number);
    const other = picture.byKey(`${panel + by}:${line}`);
    if (other) picture.choose(other);
  }

  onKeys(pane, "[data-item]", {
    ArrowDown: (item) => move(item, 1), ArrowUp: (item) => move(item, -1),
    ArrowLeft: (item) => toPanel(item, -1), ArrowRight: (item) => toPanel(item, 1),
    Home: (item) => move(item, -Infinity), End: (item) => move(item, Infinity),
  });
  picture.follow(["_picture"], () => picture.draw(model.get("_picture")));
}

export default { render };
