// Interaction for the pictures of virtqueues: step by step, and read anew. Python draws them (virtqueue_drawing.py).
//
// State for readers of the page, on the root element, beside what frame.js and items.js tell there: data-at, data-steps,
// data-busy while the machine is asked.

const HINT =
  "Left and right go from step to step; up and down walk through the entries. Keys + and − zoom; drag to move.";

function render({ model, el, signal }) {
  const counter = element("output", { "aria-label": "Step" });
  const refresh = button("refresh", "Read the queues of the machine now", "Refresh", () => {
    root.dataset.busy = "true";
    refresh.disabled = true;
    model.send({ do: "refresh" });
  });
  const trouble = element("span", { class: "uv-trouble", role: "alert" });
  const previous = button("previous", "Previous step", "◀", () => go(model.get("at") - 1));
  const next = button("next", "Next step", "▶", () => go(model.get("at") + 1));
  const around = frame({
    model, el, name: "virtqueue", hint: HINT, detailsLabel: "Details of the entry",
    controls: [
      ...zoomButtons(() => picture.scale),
      element("span", { class: "uv-steps", role: "group", "aria-label": "Steps" }, previous, counter, next),
      refresh, trouble,
    ],
  });
  const { root, pane, say } = around;
  const pictures = () => model.get("_pictures");
  const at = () => Math.max(0, Math.min(model.get("at"), pictures().length - 1));
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
    counter.textContent = count ? `${at() + 1} / ${count}` : "–";
    previous.disabled = at() <= 0;
    next.disabled = at() >= count - 1;
    if (count) picture.draw(pictures()[at()]);
  }

  function drawState() {
    root.dataset.busy = "false";
    refresh.disabled = false;
    refresh.hidden = !model.get("_refreshable");
    trouble.textContent = model.get("error");
    trouble.hidden = !model.get("error");
  }

  const move = (item, by) => picture.walk(picture.items(), item, by);

  onKeys(pane, "[data-item]", {
    ArrowDown: (item) => move(item, 1), ArrowUp: (item) => move(item, -1),
    ArrowLeft: () => go(model.get("at") - 1), ArrowRight: () => go(model.get("at") + 1),
    Home: () => go(0), End: () => go(pictures().length - 1),
  });
  for (const trait of ["_pictures", "error", "_refreshable"]) model.on(`change:${trait}`, drawState);
  // Whatever came of it: an answer that changes nothing is one, too.
  model.on("msg:custom", (message) => { if (message.done === "refresh") drawState(); });
  drawState();
  picture.follow(["_pictures", "at"], drawPicture);
}

export default { render };
