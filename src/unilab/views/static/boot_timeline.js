// Interaction for the picture of boots. Python draws it (boot_timeline_drawing.py), on both scales of time.
//
// State for readers of the page, on the root element, beside what frame.js and items.js tell there: data-axis.

const HINT =
  "Point at an event, or walk with the arrow keys up and down; left and right go to another boot. " +
  "L changes the scale of time. Keys + and − zoom; drag to move.";

function render({ model, el, signal }) {
  const choices = ["linear", "log"].map((axis) =>
    button(`axis-${axis}`, axis === "log" ? "Logarithmic scale of time" : "Linear scale of time",
      axis === "log" ? "Logarithmic" : "Linear", () => change(axis)));
  const around = frame({
    model, el, name: "boot", hint: HINT, detailsLabel: "Details of the event",
    controls: [
      ...zoomButtons(() => picture.scale),
      element("span", { class: "uv-steps", role: "group", "aria-label": "Scale of time" }, ...choices),
    ],
  });
  const { root, pane } = around;
  const picture = itemPicture({ model, signal, around });

  function change(axis) {
    model.set("axis", axis);
    model.save_changes();
  }

  function drawPicture() {
    const axis = model.get("axis");
    root.dataset.axis = axis;
    choices.forEach((choice) => choice.setAttribute("aria-pressed", String(choice.dataset.action === `axis-${axis}`)));
    picture.draw(model.get("_pictures")[axis]);
  }

  const move = (item, by) => picture.walk([...item.parentElement.querySelectorAll("[data-item]")], item, by);

  function sideways(item, by) {
    const [band, index] = item.dataset.item.split(":").map(Number);
    const list = picture.items().filter((each) => each.dataset.item.startsWith(`${band + by}:`));
    if (list.length) picture.choose(list[Math.min(index, list.length - 1)]);
  }

  onKeys(pane, "[data-item]", {
    ArrowDown: (item) => move(item, 1), ArrowUp: (item) => move(item, -1),
    ArrowLeft: (item) => sideways(item, -1), ArrowRight: (item) => sideways(item, 1),
    Home: (item) => move(item, -Infinity), End: (item) => move(item, Infinity),
    l: () => change(model.get("axis") === "log" ? "linear" : "log"),
  });
  picture.follow(["_pictures", "axis"], drawPicture);
}

export default { render };
