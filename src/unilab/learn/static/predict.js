// The form of a prediction. State for readers of the page: data-state is "open", "committed" or "skipped".
//
// Each kind of answer is a part with the same four members: `node` to show, `read` the answer as text ("" if there is none
// yet), `write` an answer back, and `freeze`, which says whether it can still be changed.

/** Whether comparison.py's parse_number takes it. */
function isNumber(text) {
  const digits = text.replace(/[\s_]|(?<=\d),(?=\d{3}(?!\d))/g, "");
  return /^(0x[0-9a-f]+|[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?)$/i.test(digits) && Number.isFinite(Number(digits));
}

function numberPart(unit) {
  const field = element("input", {
    type: "text", inputmode: "decimal", autocomplete: "off", "aria-label": unit ? `Your prediction, in ${unit}` : "Your prediction",
  });
  return {
    node: element("label", {}, field, unit),
    wanted: "Write a number, such as 12 or 1500.",
    read: () => (isNumber(field.value.trim()) ? field.value.trim() : ""),
    write: (answer) => { field.value = answer; },
    freeze: (frozen) => { field.disabled = frozen; },
  };
}

function choicePart(choices) {
  const name = radioGroup();
  const radios = choices.map((choice) => element("input", { type: "radio", name, value: choice }));
  return {
    node: element("div", {}, ...choices.map((choice, i) => element("label", {}, radios[i], choice))),
    wanted: "Choose one first.",
    read: () => radios.find((radio) => radio.checked)?.value ?? "",
    write: (answer) => { for (const radio of radios) radio.checked = radio.value === answer; },
    freeze: (frozen) => { for (const radio of radios) radio.disabled = frozen; },
  };
}

/** Things to put in order: each has two buttons, and moves with the arrow keys while one of them has the focus. */
function orderPart(choices) {
  const says = element("span", { class: "ul-says", role: "status" });
  const list = element("ol", { class: "ul-order" });
  const items = choices.map((choice) => {
    const move = (step, label, sign) => {
      const node = element("button", { type: "button", "data-move": String(step), "aria-label": `${label}: ${choice}`, title: label }, sign);
      node.addEventListener("click", () => shift(item, step, node));
      return node;
    };
    const item = element("li", { "data-thing": choice }, move(-1, "Earlier", "↑"), move(1, "Later", "↓"), element("span", {}, choice));
    return item;
  });

  function shift(item, step, focus) {
    const all = [...list.children];
    const place = all.indexOf(item) + step;
    if (place < 0 || place >= all.length) return;
    if (step < 0) all[place].before(item);
    else all[place].after(item);
    focus.focus();
    says.textContent = `${item.dataset.thing}: now number ${place + 1} of ${all.length}`;
  }

  list.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const item = event.target.closest("li");
    if (!step || !item || event.target.disabled) return;
    shift(item, step, event.target);
    event.preventDefault();
  });
  list.append(...items);
  return {
    node: element("div", {}, list, says),
    wanted: "Put them in order first.",
    read: () => [...list.children].map((item) => item.dataset.thing).join("\n"),
    write: (answer) => {
      const things = answer.split("\n");
      if (answer) list.append(...things.map((thing) => items.find((item) => item.dataset.thing === thing)).filter(Boolean));
    },
    freeze: (frozen) => { for (const node of list.querySelectorAll("button")) node.disabled = frozen; },
  };
}

/** A range of addresses, sketched on a bar or written into two fields. Addresses are BigInt: they have 64 bits. */
function spanPart([low, high], landmarks) {
  const bottom = BigInt(low), top = BigInt(high), all = top - bottom;
  const STEPS = 64n;
  let start = bottom + (all * 30n) / STEPS, end = bottom + (all * 34n) / STEPS, touched = false;
  const hex = (value) => `0x${value.toString(16)}`;
  const percent = (address) => Number(((top - address) * 10000n) / all) / 100;
  const field = (label) => element("input", { type: "text", autocomplete: "off", spellcheck: "false", "aria-label": label });
  const from = field("First address"), to = field("One past the last address");
  const box = element("div", {
    class: "ul-span-box", tabindex: "0", role: "slider", "aria-orientation": "vertical", "aria-label": "Your sketch",
    "aria-valuemin": "0", "aria-valuemax": STEPS.toString(),
  });
  const marks = landmarks.map(([address, name]) => {
    const mark = element("span", { class: "ul-span-mark" }, name);
    mark.style.top = `${percent(BigInt(address))}%`;
    return mark;
  });
  const bar = element("div", { class: "ul-span-bar" }, box, ...marks);
  const help = element("p", { class: "ul-span-help" },
    "Drag on the bar, or use the arrow keys: up and down move the box, with Shift they move its upper edge.");

  function draw() {
    box.style.top = `${percent(end)}%`;
    box.style.height = `${Math.max(percent(start) - percent(end), 0.7)}%`;
    from.value = hex(start);
    to.value = hex(end);
    box.setAttribute("aria-valuenow", (((start - bottom) * STEPS) / all).toString());
    box.setAttribute("aria-valuetext", `${hex(start)} to ${hex(end)}`);
  }

  function put(first, last) {
    [start, end] = first < last ? [first, last] : [last, first];
    if (start < bottom) start = bottom;
    if (end > top) end = top;
    if (end <= start) end = start + 1n;
    touched = true;
    draw();
  }

  let anchor = null;
  const at = (event) => {
    const { top: y, height } = bar.getBoundingClientRect();
    const share = Math.min(Math.max((event.clientY - y) / height, 0), 1);
    return top - (all * BigInt(Math.round(share * 4096))) / 4096n;
  };
  bar.addEventListener("pointerdown", (event) => {
    if (box.getAttribute("aria-disabled") === "true") return;
    anchor = at(event);
    bar.setPointerCapture(event.pointerId);
    box.focus();
    event.preventDefault();
  });
  bar.addEventListener("pointermove", (event) => { if (anchor !== null) put(anchor, at(event)); });
  bar.addEventListener("pointerup", () => { anchor = null; });
  box.addEventListener("keydown", (event) => {
    const step = { ArrowUp: 1n, ArrowDown: -1n, PageUp: 8n, PageDown: -8n }[event.key];
    if (!step || box.getAttribute("aria-disabled") === "true") return;
    const by = (step * all) / STEPS;
    if (event.shiftKey) put(start, end + by > start ? end + by : start + 1n);
    else if (start + by >= bottom && end + by <= top) put(start + by, end + by);
    event.preventDefault();
  });
  for (const input of [from, to]) {
    input.addEventListener("change", () => {
      try {
        put(BigInt(from.value.trim()), BigInt(to.value.trim()));
      } catch {
        draw(); // what was typed is no number
      }
    });
  }
  draw();
  return {
    node: element("div", { class: "ul-span" }, bar, element("div", { class: "ul-span-side" },
      element("label", {}, "from ", from), element("label", {}, "up to ", to), help)),
    wanted: "Sketch it first.",
    read: () => (touched ? `${hex(start)}-${hex(end)}` : ""),
    write: (answer) => {
      const match = /^\s*(0x[0-9a-f]+|\d+)\s*-\s*(0x[0-9a-f]+|\d+)\s*$/i.exec(answer);
      if (match) put(BigInt(match[1]), BigInt(match[2]));
    },
    freeze: (frozen) => {
      box.setAttribute("aria-disabled", String(frozen));
      from.disabled = to.disabled = frozen;
    },
  };
}

function render({ model, el }) {
  const part = {
    number: () => numberPart(model.get("unit")),
    choice: () => choicePart(model.get("choices")),
    order: () => orderPart(model.get("choices")),
    span: () => spanPart(model.get("scale"), model.get("landmarks")),
  }[model.get("kind")]();
  const skip = element("button", { type: "button", "data-action": "skip" }, "Skip");
  const error = element("span", { class: "ul-error", role: "alert" });
  const buttons = element("div", { class: "ul-row" },
    element("button", { type: "submit", "data-action": "commit" }, "Commit"), skip, error);
  const outcome = element("p", { class: "ul-outcome", role: "status" });
  const form = element("form", {},
    element("fieldset", {}, element("legend", {}, "Predict: " + model.get("question")), part.node), buttons, outcome);
  const root = element("div", { class: "ul ul-predict", "data-kind": model.get("kind") }, form);

  function draw() {
    const state = model.get("state");
    root.dataset.state = state;
    if (state !== "open") part.write(model.get("answer"));
    part.freeze(state !== "open");
    outcome.textContent = { open: "", committed: "Your prediction is committed.", skipped: "Skipped." }[state];
    buttons.hidden = state !== "open";
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = part.read();
    error.textContent = text ? "" : part.wanted;
    part.node.querySelector("input")?.setAttribute("aria-invalid", String(!text));
    if (!text) return;
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
