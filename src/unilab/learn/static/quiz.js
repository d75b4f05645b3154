// Recall questions with instant feedback. State for readers of the page: data-score and data-answered on the root,
// data-state ("open", "right", "wrong") on each fieldset.

function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// Radio buttons form a group by name, and a page may show one quiz twice.
let shown = 0;

function render({ model, el }) {
  const ending = new AbortController();
  const group = `ul-quiz-${++shown}`;
  const total = element("p", { class: "ul-total" });
  const root = element("div", { class: "ul ul-quiz" });

  const fieldsets = model.get("_shown").map((question, number) => {
    const radios = question.choices.map((_, i) => element("input", { type: "radio", name: `${group}-${number}`, value: String(i) }));
    const mark = element("span", { class: "ul-mark" });
    const words = element("span");
    const fieldset = element("fieldset", { "data-question": String(number) },
      element("legend", {}, `${number + 1}. ${question.text}`),
      ...question.choices.map((choice, i) => element("label", {}, radios[i], choice)),
      element("p", { class: "ul-why", role: "status" }, mark, " ", words));
    radios.forEach((radio, i) => radio.addEventListener("change", () => {
      model.set("chosen", model.get("chosen").map((other, n) => (n === number ? i : other)));
      model.save_changes();
      draw();
    }, { signal: ending.signal }));
    return { question, fieldset, radios, mark, words };
  });

  function draw() {
    const chosen = model.get("chosen");
    let score = 0;
    fieldsets.forEach(({ question, fieldset, radios, mark, words }, number) => {
      const choice = chosen[number];
      const state = choice < 0 ? "open" : choice === question.right ? "right" : "wrong";
      if (state === "right") score += 1;
      radios.forEach((radio, i) => { radio.checked = i === choice; });
      fieldset.dataset.state = state;
      mark.textContent = { open: "", right: "Right.", wrong: "Not this one." }[state];
      words.textContent = state === "right" ? question.why : state === "wrong" ? "Try another." : "";
    });
    const answered = chosen.filter((choice) => choice >= 0).length;
    root.dataset.score = String(score);
    root.dataset.answered = String(answered);
    total.textContent = `${score} of ${chosen.length} right` + (answered < chosen.length ? `, ${chosen.length - answered} to go` : "");
  }

  root.append(...fieldsets.map(({ fieldset }) => fieldset), total);
  // JupyterLab must not take the arrow keys that move between answers for its own.
  root.addEventListener("keydown", (event) => event.stopPropagation(), { signal: ending.signal });
  el.append(root);
  model.on("change:chosen", draw);
  draw();
  root.dataset.ready = "true";
  return () => {
    ending.abort();
    model.off("change:chosen", draw);
  };
}

export default { render };
