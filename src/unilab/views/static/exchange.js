// Interaction for packets beside functions: from line to line, from packet to packet, calls opened. Python draws it
// (exchange_drawing.py).
//
// State for readers of the page, on the root element, beside what frame.js and items.js tell there: data-expanded, keys
// of opened calls joined by spaces.

const HINT =
  "Walk with the arrow keys up and down; left and right go from packet to packet. Enter opens a call, or closes it. " +
  "Keys + and − zoom; drag to move.";

function render({ model, el, signal }) {
  const around = frame({
    model, el, name: "exchange", hint: HINT, detailsLabel: "Details of the packet or call",
    controls: [
      ...zoomButtons(() => picture.scale),
      element("span", { class: "uv-steps", role: "group", "aria-label": "Packets" },
        button("previous", "Previous packet", "◀ Packet", () => toPacket(-1)),
        button("next", "Next packet", "Packet ▶", () => toPacket(1))),
    ],
  });
  const { root, pane } = around;
  const picture = itemPicture({ model, signal, around });
  const isPacket = (item) => item.dataset.item.startsWith("p");

  const move = (item, by) => picture.walk(picture.items(), item, by);

  /** The next packet from what is selected; a button that asks for it keeps the focus. */
  function toPacket(by) {
    const list = picture.items();
    const at = list.indexOf(picture.byKey(model.get("selected")));
    const next = by > 0 ? list.slice(at + 1).find(isPacket) : list.slice(0, Math.max(0, at)).findLast(isPacket);
    if (next) picture.choose(next, { focus: pane.contains(pane.getRootNode().activeElement) });
    else around.say("No other packet there.");
  }

  function open(item) {
    const key = item.dataset.item;
    if (!key.includes(":")) return;
    const expanded = model.get("expanded");
    model.set("expanded", expanded.includes(key) ? expanded.filter((each) => each !== key) : [...expanded, key]);
    model.save_changes();
  }

  onKeys(pane, "[data-item]", {
    ArrowDown: (item) => move(item, 1), ArrowUp: (item) => move(item, -1),
    ArrowLeft: () => toPacket(-1), ArrowRight: () => toPacket(1),
    Home: (item) => move(item, -Infinity), End: (item) => move(item, Infinity),
    Enter: open, " ": open,
  });
  pane.addEventListener("dblclick", (event) => {
    const item = event.target.closest("[data-item]");
    if (item) open(item);
  });

  function drawPicture() {
    root.dataset.expanded = model.get("expanded").join(" ");
    picture.draw(model.get("_picture"));
  }

  picture.follow(["_picture"], drawPicture);
}

export default { render };
