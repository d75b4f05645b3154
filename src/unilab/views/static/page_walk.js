// Interaction for a page walk. Python draws all of it (page_walk_drawing.py); this shows it a step at a time, without a kernel,
// and asks for other addresses where there is one.
//
// State for readers of the page, on the root element: data-ready, data-locked, data-table, data-step (-1: all steps).

const HINT = "Step with the arrow keys or the buttons: each entry names the next table, and can only take rights away. Escape shows all.";

function render({ model, el, signal }) {
  const field = element("input", { type: "text", placeholder: "0x…", spellcheck: "false", autocomplete: "off", "data-action": "walk" });
  const answer = element("span", { class: "uv-answer", role: "status" });
  const current = () => model.get("step");
  const steps = stepper({ count: () => model.get("_says").length, current, go });
  const asking = element("label", { class: "uv-find" }, "Walk to", field);
  const { root, stage, pane, details, say, showFacts, onMode } = frame({
    model, el, name: "walk", hint: HINT, detailsLabel: "Details of the step", controls: [...steps.controls, asking, answer],
  });
  const scale = new Scale(pane, stage, (value) => { root.dataset.scale = value.toFixed(2); });
  const blocks = () => [...pane.querySelectorAll("[data-block]")];

  function drawStep() {
    const at = current();
    const entries = blocks().length - 2;
    root.dataset.step = String(at);
    for (const block of blocks()) {
      const number = Number(block.dataset.block);
      block.classList.toggle("uv-later", at >= 0 && number > at);
      block.setAttribute("aria-selected", String(number === at));
      block.setAttribute("tabindex", number === Math.max(0, at) ? "0" : "-1");
    }
    // Of the address, the bits that this step uses; of the last one, the offset.
    const used = at < 1 ? null : at <= entries ? pane.querySelectorAll(".uv-field")[at] : [...pane.querySelectorAll(".uv-field")].at(-1);
    for (const one of pane.querySelectorAll(".uv-field")) one.classList.toggle("uv-now", one === used);
    const chosen = blocks()[at];
    if (chosen) scale.reveal(chosen.querySelector(":scope > .uv-ring").getBBox());
    showFacts(at < 0 ? null : model.get("_details")[String(at)]);
    steps.draw();
  }

  function go(step) {
    const inside = pane.contains(pane.getRootNode().activeElement);
    model.set("step", step);
    model.save_changes();
    drawStep();
    say(step < 0 ? "All steps." : model.get("_says")[step]);
    if (inside) blocks()[Math.max(0, step)].focus({ preventScroll: true });
  }

  function arrange() {
    scale.maximumHeight = model.get("height");
    scale.fit();
  }

  function drawPicture() {
    pane.innerHTML = model.get("_picture");
    scale.attach(pane.querySelector("svg"));
    arrange();
    drawStep();
  }

  field.addEventListener("keydown", async (event) => {
    if (event.key !== "Enter") return;
    const reply = await ask(model, { walk: field.value }, root);
    answer.textContent = reply.error ?? reply.says;
    field.setAttribute("aria-invalid", String("error" in reply));
  });
  field.addEventListener("input", () => { answer.textContent = ""; });
  asking.hidden = !model.get("_can_ask");

  steps.bind(pane);
  pane.addEventListener("click", (event) => {
    const block = event.target.closest("[data-block]");
    if (!block) return;
    block.focus({ preventScroll: true });
    go(Number(block.dataset.block));
  });
  model.on("change:_picture", drawPicture);
  model.on("change:step", drawStep);
  const room = new ResizeObserver(arrange);
  room.observe(stage);
  signal.addEventListener("abort", () => room.disconnect());
  stage.append(details);
  drawPicture();
  onMode(arrange);
  root.dataset.ready = "true";
}

export default { render };
