// What the views of a running machine share. Goes between shared.js and a view's own module.

/** Shown where the kernel has gone: no machine outlives the kernel that started it. */
const STALE = "The kernel that ran this machine has gone, and the machine with it. Run the cells again for another.";

const STATE_WORDS = { created: "not started", running: "running", paused: "paused", ended: "ended" };

/** The heading: whose machine, its state, and how it ended. Gives { node, draw }. */
function machineHeading(model) {
  const name = element("strong", {});
  const state = element("span", { class: "uv-state", role: "status" });
  const ending = element("span", { class: "uv-ending" });
  return {
    node: element("div", { class: "uv-heading-line" }, name, state, ending),
    draw(gone) {
      name.textContent = model.get("_title");
      const word = gone ? "ended" : model.get("state");
      state.textContent = STATE_WORDS[word] ?? word;
      state.dataset.state = word;
      ending.textContent = model.get("_ending");
    },
  };
}

/** Calls `changed()` when the view's end in the kernel has gone or is back; data-stale of the root says which. */
function whenStale(model, root, changed) {
  // Jupyter says so when it has lost a kernel or found it again; whether this view's own end is there, only it can tell.
  model.on("comm_live_update", () => ask(model, { ping: true }, root).then(changed));
}
