// Interaction for a byte in nested address spaces. Python draws it (nested_drawing.py); this walks its stages, and asks for
// other bytes: those on show are drawn by Python too, so without a kernel the picture stays at the byte it has.
//
// State for readers of the page, on the root element: data-ready, data-locked, data-table, data-stage, data-byte, data-shown.

const HINT =
  "Left and right go from stage to stage, up and down from byte to byte. Enter on a byte, or a click, follows it. " +
  "The last three digits, the place in the page, are the same in every stage.";

function render({ model, el, signal }) {
  const field = element("input", { type: "text", placeholder: "0x…", spellcheck: "false", autocomplete: "off", "data-action": "follow" });
  const answer = element("span", { class: "uv-answer", role: "status" });
  const choice = element("select", { "data-action": "shown" });
  const choosing = element("label", { class: "uv-find" }, "Byte", choice);
  const asking = element("label", { class: "uv-find" }, "Follow the byte at", field);
  const { root, stage, pane, details, say, showFacts, onMode } = frame({
    model, el, name: "nested", hint: HINT, detailsLabel: "Details of the stage",
    controls: [
      button("byte-before", "The byte before", "◂ Byte", () => move(-1)),
      button("byte-after", "The byte after", "Byte ▸", () => move(1)),
      choosing, asking, answer,
    ],
  });
  const scale = new Scale(pane, stage, (value) => { root.dataset.scale = value.toFixed(2); });
  const blocks = () => [...pane.querySelectorAll("[data-block]")];
  let at = -1;

  function drawStage() {
    root.dataset.stage = String(at);
    root.dataset.byte = String(model.get("byte"));
    root.dataset.shown = String(model.get("shown"));
    for (const block of blocks()) {
      const number = Number(block.dataset.block);
      block.setAttribute("aria-selected", String(number === at));
      block.setAttribute("tabindex", number === Math.max(0, at) ? "0" : "-1");
    }
    const { says, ...facts } = model.get("_details")[String(at)] ?? {};
    showFacts(at < 0 ? null : facts);
    return says;
  }

  function go(number) {
    at = Math.max(0, Math.min(blocks().length - 1, number));
    say(drawStage());
    blocks()[at].focus({ preventScroll: true });
    scale.reveal(blocks()[at].querySelector(":scope > .uv-ring").getBBox());
  }

  async function asked(question) {
    const reply = await ask(model, question, root);
    answer.textContent = reply.error ?? reply.says;
    field.setAttribute("aria-invalid", String("error" in reply));
  }

  /** Follows another byte: one of those on show, or by way of Python the next in the guest's memory. */
  function move(by, to = model.get("byte") + by) {
    if (to >= 0 && to < model.get("_bytes")) {
      model.set("byte", to);
      model.save_changes();
    } else if (model.get("_can_ask")) {
      asked({ by: to });
    }
  }

  function drawPicture() {
    const inside = pane.contains(pane.getRootNode().activeElement);
    pane.innerHTML = model.get("_picture");
    scale.attach(pane.querySelector("svg"));
    arrange();
    drawStage();
    if (inside) blocks()[Math.max(0, at)].focus({ preventScroll: true });
  }

  function drawNames() {
    const names = model.get("_names");
    choice.replaceChildren(...names.map((name, number) => element("option", { value: String(number) }, name)));
    choice.value = String(model.get("shown"));
    choosing.hidden = names.length < 2;
  }

  function arrange() {
    scale.maximumHeight = model.get("height");
    scale.fit();
  }

  onKeys(pane, "[data-block]", {
    ArrowLeft: () => go(at - 1), ArrowRight: () => go(at + 1), Home: () => go(0), End: () => go(blocks().length - 1),
    ArrowUp: () => move(-1), ArrowDown: () => move(1),
    Enter: (block) => go(Number(block.dataset.block)), " ": (block) => go(Number(block.dataset.block)),
    Escape: () => { at = -1; drawStage(); },
  });
  pane.addEventListener("click", (event) => {
    const byte = event.target.closest("[data-byte]");
    const block = event.target.closest("[data-block]");
    if (block) go(Number(block.dataset.block));
    if (byte) move(0, Number(byte.dataset.byte));
  });
  choice.addEventListener("change", () => {
    model.set("byte", 0);
    model.set("shown", Number(choice.value));
    model.save_changes();
  });
  field.addEventListener("keydown", (event) => { if (event.key === "Enter") asked({ follow: field.value }); });
  field.addEventListener("input", () => { answer.textContent = ""; });
  asking.hidden = !model.get("_can_ask");

  model.on("change:_picture", drawPicture);
  model.on("change:_details", () => { const says = drawStage(); if (at >= 0) say(says); });
  model.on("change:_names", drawNames);
  model.on("change:shown", drawNames);
  const room = new ResizeObserver(arrange);
  room.observe(stage);
  signal.addEventListener("abort", () => room.disconnect());
  stage.append(details);
  drawNames();
  drawPicture();
  onMode(arrange);
  root.dataset.ready = "true";
}

export default { render };
