// Recall questions with instant feedback. State for readers of the page: data-score and data-answered on the root,
// data-state ("open", "right", "wrong") on each fieldset.

function render({ model, el }) {
  const group = radioGroup();
  const total = element("p", { class: "ul-total", role: "status" });

  const questions = element("div");
  const others = element("button", { type: "button", "data-action": "others" }, "Other questions");
  others.hidden = !model.get("_varies");
  others.addEventListener("click", () => {
    model.set("seed", model.get("seed") + 1);
    model.save_changes();
  });
  const root = element("div", { class: "ul ul-quiz" }, questions, total, others);
  let fieldsets = [];

  function ask() {
    fieldsets = model.get("_shown").map((question, number) => {
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
      }));
      return { question, fieldset, radios, mark, words };
    });
    questions.replaceChildren(...fieldsets.map(({ fieldset }) => fieldset));
    draw();
  }

  function draw() {
    const chosen = model.get("chosen");
    let score = 0;
    fieldsets.forEach(({ question, fieldset, radios, mark, words }, number) => {
      const choice = chosen[number] ?? -1;
      const state = choice < 0 ? "open" : choice === question.right ? "right" : "wrong";
      if (state === "right") score += 1;
      radios.forEach((radio, i) => { radio.checked = i === choice; });
      fieldset.dataset.state = state;
      mark.textContent = { open: "", right: "Right.", wrong: "Not this one." }[state];
      words.textContent = { open: "", right: question.why, wrong: "Try another." }[state];
    });
    const answered = chosen.filter((choice) => choice >= 0).length;
    root.dataset.score = String(score);
    root.dataset.answered = String(answered);
    total.textContent = `${score} of ${chosen.length} right` + (answered < chosen.length ? `, ${chosen.length - answered} to go` : "");
  }

  keepKeys(root);
  model.on("change:chosen", draw);
  model.on("change:_shown", ask);
  ask();
  el.append(root);
  root.dataset.ready = "true";
}

export default { render };
