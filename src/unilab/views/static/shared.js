// What every widget's module begins with; Python puts this file before each of them (static_form.py).
//
// anywidget drops a view's model listeners and its elements with the view: nothing here cleans up after itself.

/** Makes an element with attributes and children. Text among the children is never read as HTML. */
function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** A button that tests and styles know by `data-action`, and people by its label. */
function button(action, label, text, onClick) {
  const node = element("button", { type: "button", "data-action": action, "aria-label": label, title: label }, text);
  node.addEventListener("click", onClick);
  return node;
}

const isPlain = (event) => !event.ctrlKey && !event.metaKey && !event.altKey;

/** Keeps keys typed in a widget from Jupyter, where a plain "d" twice deletes the cell and an arrow leaves it. */
function keepKeys(root) {
  root.dataset.keepsKeys = "";
  // JupyterLab looks for its shortcuts on the way up ...
  root.addEventListener("keydown", (event) => {
    if (isPlain(event)) event.stopPropagation();
  });
  // ... Notebook 7 on the way down, from the document, unless the target has this attribute; Ctrl+S is still its own. One
  // listener does for all widgets of a page, each of which has its own copy of this file.
  if (window.unilabKeepsKeys) return;
  window.unilabKeepsKeys = true;
  window.addEventListener("keydown", (event) => {
    if (event.target.closest?.("[data-keeps-keys]")) event.target.toggleAttribute("data-lm-suppress-shortcuts", isPlain(event));
  }, true);
}

/** Calls keys[event.key](item, event) for a plain key typed on an item below `root`, and lets nobody else have it. */
function onKeys(root, selector, keys) {
  root.addEventListener("keydown", (event) => {
    const item = event.target.closest(selector);
    if (!item || !Object.hasOwn(keys, event.key) || !isPlain(event)) return;
    keys[event.key](item, event);
    event.preventDefault();
  });
}

/** What a screen reader speaks and nobody sees: set `textContent`, or call `say`. */
function liveRegion() {
  const node = element("div", { class: "uv-says", role: "status", "aria-live": "polite" });
  return { node, say: (text) => { node.textContent = text; } };
}

let groups = 0;

/** A name for radio buttons that belong together: a page may show one widget twice. */
function radioGroup() {
  groups += 1;
  return `unilab-${groups}`;
}

/** How long a kernel that is there may take to answer, in milliseconds. */
const PATIENCE = 4000;
let questions = 0;

/**
 * Asks Python (PictureView.answer) and gives its answer: { error } in words where there is none, { error, silent } where
 * there is no kernel any more. `root` is the view's; its data-stale says from then on which of the two it is.
 */
function ask(model, question, root) {
  questions += 1;
  const number = `${Date.now()}.${questions}`;
  return new Promise((resolve) => {
    const end = (answer) => {
      clearTimeout(timer);
      model.off("change:_answer", heard);
      root.dataset.stale = String(Boolean(answer.silent));
      resolve(answer);
    };
    const heard = () => {
      if (model.get("_answer").number === number) end(model.get("_answer"));
    };
    const silent = { error: "The kernel does not answer. Run the cell again.", silent: true };
    const timer = setTimeout(() => end(silent), root.dataset.stale === "true" ? 0 : PATIENCE);
    model.on("change:_answer", heard);
    model.set("_question", { ...question, number });
    model.save_changes();
  });
}
