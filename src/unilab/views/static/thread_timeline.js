// Interaction for the picture of threads over time. Python draws it (thread_timeline_drawing.py).
//
// State for readers of the page, on the root element: what frame.js and items.js tell there.

const HINT =
  "Point at a turn, or walk with the arrow keys: right and left go through time, down and up to the nearest turn of " +
  "another thread. Keys + and − zoom; drag to move.";

function render({ model, el, signal }) {
  const around = frame({
    model, el, name: "threads", hint: HINT, detailsLabel: "Details of the turn",
    controls: zoomButtons(() => picture.scale),
  });
  const { pane } = around;
  const picture = itemPicture({ model, signal, around });

  const inTime = (item, by) => picture.walk(picture.items(), item, by);

  /** The nearest turn of the next lane above or below that has one; on the outermost lane, the other end of time. */
  function across(item, by) {
    const from = picture.boxOf(item);
    const beyond = picture.items().filter((each) => Math.sign(picture.boxOf(each).y - from.y) === by);
    if (!beyond.length) return inTime(item, by);
    const lane = beyond.map((each) => picture.boxOf(each).y).reduce((a, b) => (by * a < by * b ? a : b));
    const distance = (each) => Math.abs(picture.boxOf(each).x - from.x);
    picture.choose(beyond.filter((each) => picture.boxOf(each).y === lane)
      .reduce((a, b) => (distance(a) <= distance(b) ? a : b)));
  }

  onKeys(pane, "[data-item]", {
    ArrowRight: (item) => inTime(item, 1), ArrowLeft: (item) => inTime(item, -1),
    ArrowDown: (item) => across(item, 1), ArrowUp: (item) => across(item, -1),
    Home: (item) => inTime(item, -Infinity), End: (item) => inTime(item, Infinity),
  });
  picture.follow(["_picture"], () => picture.draw(model.get("_picture")));
}

export default { render };
