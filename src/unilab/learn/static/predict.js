// The form of a prediction. State for readers of the page: data-state is "open", "committed" or "skipped".

function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// Radio buttons form a group by name, and a page may show one prediction twice.
let shown = 0;

function isNumber(text) {
  const digits = text.trim().replace(/[,_\s]/g, "");
  return /^(0x[0-9a-f]+|[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?)$/i.test(digits);
}

function render({ model, el }) {
  const ending = new AbortController();
  const choices = model.get("choices");
  const group = `ul-predict-${++shown}`;
  const radios = choices.map((choice) => element("input", { type: "radio", name: group, value: choice }));
  const field = element("input", { type: "text", inputmode: "decimal", autocomplete: "off", "aria-label": "Your prediction" });
  const answer = choices.length
    ? element("div", {}, ...choices.map((choice, i) => element("label", {}, radios[i], choice)))
    : element("label", {}, field, model.get("unit"));
  const commit = element("button", { type: "submit", "data-action": "commit" }, "Commit");
  const skip = element("button", { type: "button", "data-action": "skip" }, "Skip");
  const error = element("span", { class: "ul-error", role: "alert" });
  const outcome = element("p", { class: "ul-outcome", role: "status" });
  const form = element("form", {},
    element("fieldset", {}, element("legend", {}, "Predict: " + model.get("question")), answer),
    element("div", { class: "ul-row" }, commit, skip, error));
  const root = element("div", { class: "ul ul-predict" }, form, outcome);
  el.append(root);

  function draw() {
    const state = model.get("state");
    const open = state === "open";
    root.dataset.state = state;
    for (const control of [...radios, field, commit, skip]) control.disabled = !open;
    for (const radio of radios) radio.checked = radio.value === model.get("answer") || (open && radio.checked);
    if (!open) field.value = model.get("answer");
    outcome.hidden = open;
    const unit = model.get("unit") && !choices.length ? " " + model.get("unit") : "";
    outcome.textContent = state === "committed" ? `You predicted: ${model.get("answer")}${unit}` : open ? "" : "Skipped.";
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = choices.length ? radios.find((radio) => radio.checked)?.value ?? "" : field.value;
    const valid = choices.length ? text !== "" : isNumber(text);
    error.textContent = valid ? "" : choices.length ? "Choose one first." : "Write a number first.";
    if (!valid) return;
    model.set("answer", choices.length ? text : text.trim());
    model.set("state", "committed");
    model.save_changes();
    draw();
  }, { signal: ending.signal });
  skip.addEventListener("click", () => {
    model.set("state", "skipped");
    model.save_changes();
    draw();
  }, { signal: ending.signal });
  // JupyterLab must not take the keys typed here for its own.
  root.addEventListener("keydown", (event) => event.stopPropagation(), { signal: ending.signal });

  model.on("change:state", draw);
  model.on("change:answer", draw);
  draw();
  return () => {
    ending.abort();
    model.off("change:state", draw);
    model.off("change:answer", draw);
  };
}

export default { render };
