// The form of a prediction. State for readers of the page: data-state is "open", "committed" or "skipped".

/** Whether comparison.py's parse_number takes it. */
function isNumber(text) {
  const digits = text.replace(/[\s_]|(?<=\d),(?=\d{3}(?!\d))/g, "");
  return /^(0x[0-9a-f]+|[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?)$/i.test(digits) && Number.isFinite(Number(digits));
}

function render({ model, el }) {
  const choices = model.get("choices");
  const unit = model.get("unit");
  const group = radioGroup();
  const radios = choices.map((choice) => element("input", { type: "radio", name: group, value: choice }));
  const field = element("input", {
    type: "text", inputmode: "decimal", autocomplete: "off", "aria-label": unit ? `Your prediction, in ${unit}` : "Your prediction",
  });
  const answer = choices.length
    ? element("div", {}, ...choices.map((choice, i) => element("label", {}, radios[i], choice)))
    : element("label", {}, field, unit);
  const skip = element("button", { type: "button", "data-action": "skip" }, "Skip");
  const error = element("span", { class: "ul-error", role: "alert" });
  const buttons = element("div", { class: "ul-row" },
    element("button", { type: "submit", "data-action": "commit" }, "Commit"), skip, error);
  const outcome = element("p", { class: "ul-outcome", role: "status" });
  const form = element("form", {},
    element("fieldset", {}, element("legend", {}, "Predict: " + model.get("question")), answer), buttons, outcome);
  const root = element("div", { class: "ul ul-predict" }, form);

  function draw() {
    const state = model.get("state");
    const open = state === "open";
    root.dataset.state = state;
    for (const control of [...radios, field]) control.disabled = !open;
    for (const radio of radios) radio.checked = radio.value === model.get("answer") || (open && radio.checked);
    if (!open) field.value = model.get("answer");
    outcome.textContent = { open: "", committed: "Your prediction is committed.", skipped: "Skipped." }[state];
    buttons.hidden = !open;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = choices.length ? radios.find((radio) => radio.checked)?.value ?? "" : field.value.trim();
    const valid = choices.length ? text !== "" : isNumber(text);
    error.textContent = valid ? "" : choices.length ? "Choose one first." : "Write a number, such as 12 or 1500.";
    field.setAttribute("aria-invalid", String(!valid));
    if (!valid) return;
    model.set("answer", text);
    model.set("state", "committed");
    model.save_changes();
    draw();
  });
  skip.addEventListener("click", () => {
    model.set("state", "skipped");
    model.save_changes();
    draw();
  });
  keepKeys(root);

  model.on("change:state", draw);
  model.on("change:answer", draw);
  draw();
  el.append(root);
}

export default { render };
