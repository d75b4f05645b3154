// A machine's remote control: buttons, and the registers while it is paused.
//
// State for readers of the page, on the root element: data-ready, data-state, data-steps, data-busy while something that
// was asked for is not done yet.

function render({ model, el }) {
  const heading = machineHeading(model);
  const task = element("p", { class: "uv-task" });
  const place = element("p", { class: "uv-place" });
  const trouble = element("p", { class: "uv-trouble", role: "alert" });
  const press = (what) => () => {
    root.dataset.busy = "true";
    model.send({ do: what });
    drawState();
  };
  const buttons = {
    pause: button("pause", "Pause it where it is", "Pause", press("pause")),
    resume: button("resume", "Let it run on", "Continue", press("resume")),
    step: button("step", "Execute one instruction", "Step", press("step")),
    reset: button("reset", "Press the reset button: it starts over", "Reset", press("reset")),
    quit: button("quit", "End it at once", "End", press("quit")),
  };
  const rows = element("tbody");
  const table = element("table", { class: "uv-table uv-registers" },
    element("caption", {}, "Registers"),
    element("thead", {}, element("tr", {},
      ...["register", "value", "meaning"].map((word) => element("th", { scope: "col" }, word)))),
    rows);
  const pane = element("div", { class: "uv-table-pane", tabindex: "0", role: "region", "aria-label": "Registers" }, table);
  const says = liveRegion();
  const root = element("div", { class: "uv uv-view uv-control", "data-busy": "false" },
    element("p", { class: "uv-stale" }, STALE), task, heading.node,
    element("div", { class: "uv-toolbar", role: "group", "aria-label": "Machine" }, ...Object.values(buttons)),
    trouble, place, pane, says.node);
  el.append(root);
  const gone = () => root.dataset.stale === "true";

  function drawState() {
    const state = model.get("state");
    const controls = model.get("_controls");
    const busy = root.dataset.busy === "true";
    const live = state !== "ended" && !gone();
    const can = {
      pause: state === "running", resume: state === "paused", step: state === "paused", reset: true, quit: true,
    };
    for (const [name, node] of Object.entries(buttons)) {
      const has = name === "quit" || controls.includes(name);
      const off = !has || !live || busy || !can[name];
      // A button that is off while it has the focus would drop it to the page's beginning.
      node.setAttribute("aria-disabled", String(off));
      node.title = has ? node.getAttribute("aria-label") : `A ${model.get("_title").split(" ").at(-1)} has no such button`;
    }
    heading.draw(gone());
    task.textContent = model.get("task");
    task.hidden = !model.get("task");
    trouble.textContent = model.get("error");
    trouble.hidden = !model.get("error");
    place.textContent = model.get("_place") ? `at ${model.get("_place")}` : "";
    place.hidden = !model.get("_place");
    root.dataset.state = state;
    root.dataset.steps = String(model.get("_steps"));
  }

  function drawRegisters() {
    const all = model.get("_registers");
    pane.hidden = !all.length;
    rows.replaceChildren(...all.map(([name, value, meaning, fresh]) =>
      element("tr", { "data-register": name, class: fresh ? "uv-fresh" : "" },
        element("th", { scope: "row" }, name), element("td", {}, value + (fresh ? " ●" : "")), element("td", {}, meaning))));
    table.dataset.old = String(model.get("state") !== "paused" || gone());
    table.caption.textContent = model.get("state") === "paused"
      ? "Registers; ● changed since the last look" : "Registers when it was last paused";
  }

  root.addEventListener("click", (event) => {
    if (event.target.closest('button[aria-disabled="true"]')) {
      event.stopImmediatePropagation();
      event.preventDefault();
    }
  }, { capture: true });
  keepKeys(root);
  model.on("msg:custom", (message) => {
    if (!message.done) return;
    root.dataset.busy = "false";
    drawState();
    says.say(model.get("error") || `${STATE_WORDS[model.get("state")]}${model.get("_place") ? `, at ${model.get("_place")}` : ""}`);
  });
  for (const trait of ["task", "state", "error", "_title", "_ending", "_controls", "_place", "_steps"]) model.on(`change:${trait}`, drawState);
  for (const trait of ["_registers", "state"]) model.on(`change:${trait}`, drawRegisters);
  whenStale(model, root, drawState);
  drawState();
  drawRegisters();
  root.dataset.ready = "true";
}

export default { render };
