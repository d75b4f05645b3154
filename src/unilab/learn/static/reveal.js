// A prediction beside its observation, and the view below. State for readers of the page: data-locked.

function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

const FIELDS = ["predicted", "observed", "verdict", "why", "locked"];

async function render({ model, el, host, signal }) {
  const lock = element("p", { class: "ul-lock" }, "Commit a prediction first, or skip it.");
  const values = Object.fromEntries(FIELDS.slice(0, 4).map((name) =>
    [name, element(name === "predicted" || name === "observed" ? "dd" : "p", { "data-field": name })]));
  const result = element("div", {},
    element("dl", {},
      element("div", {}, element("dt", {}, "Predicted"), values.predicted),
      element("div", {}, element("dt", {}, "Observed"), values.observed)),
    values.verdict, values.why);
  values.verdict.className = "ul-verdict";
  const root = element("div", { class: "ul ul-reveal", role: "status" }, lock, result);
  const below = element("div", { class: "ul-then" });
  el.append(root, below);

  function draw() {
    const locked = model.get("locked");
    root.dataset.locked = String(locked);
    lock.hidden = !locked;
    result.hidden = locked;
    for (const [name, node] of Object.entries(values)) {
      // Nothing to read in the page's source before the learner has committed.
      node.textContent = locked ? "" : model.get(name);
      node.hidden = !model.get(name) && node.tagName === "P";
    }
  }

  for (const name of FIELDS) model.on(`change:${name}`, draw);
  draw();
  const view = model.get("then");
  if (view) await (await host.getWidget(view)).render({ el: below, signal });
  return () => {
    for (const name of FIELDS) model.off(`change:${name}`, draw);
  };
}

export default { render };
