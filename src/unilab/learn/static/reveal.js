// A prediction beside its observation, and the view below. State for readers of the page: data-locked.

async function render({ model, el, host, signal }) {
  const values = {
    predicted: element("dd", { "data-field": "predicted" }),
    observed: element("dd", { "data-field": "observed" }),
    verdict: element("p", { "data-field": "verdict", class: "ul-verdict" }),
    why: element("p", { "data-field": "why" }),
  };
  const lock = element("p", { class: "ul-lock" }, "Commit a prediction first, or skip it.");
  const result = element("div", {},
    element("dl", {},
      element("div", {}, element("dt", {}, "Predicted"), values.predicted),
      element("div", {}, element("dt", {}, "Observed"), values.observed)),
    values.verdict, values.why);
  const view = model.get("then");
  const root = element("div", { class: "ul ul-reveal", role: "status" }, lock, result);
  const below = element("div", { class: "ul-then" });

  function draw() {
    const locked = model.get("locked");
    root.dataset.locked = String(locked);
    lock.hidden = !locked;
    result.hidden = locked;
    // A view below shows a lock of its own: one is enough.
    root.hidden = locked && Boolean(view);
    for (const [name, node] of Object.entries(values)) {
      // Nothing to read in the page's source before the learner has committed.
      node.textContent = locked ? "" : model.get(name);
      node.hidden = !model.get(name);
    }
  }

  for (const name of ["locked", ...Object.keys(values)]) model.on(`change:${name}`, draw);
  draw();
  el.append(root, below);
  if (view) await (await host.getWidget(view)).render({ el: below, signal });
}

export default { render };
