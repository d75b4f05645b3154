// What is around every picture: the task, the tool bar, details, the table that says the same, and what a screen reader
// hears. Goes before a view's own module (static_form.py).
//
// State for readers of the page, on the root element: data-ready, data-locked, data-table, data-stale.

/** Shown where the kernel's end of a view has gone. */
const STALE =
  "The kernel that made this view has gone. What is here stays and can still be walked; run the cell again for a live one.";

/**
 * Lays out a view in `el`.
 *
 * `name` is the last word of its classes, `hint` what the details say when nothing is selected, `controls` stand in the
 * tool bar while the picture is shown. Traits read: task, locked, height, _table.
 *
 * Gives { root, stage, pane, details, tablePane, say, showFacts(facts), onMode(handler) }.
 */
function frame({ model, el, name, hint, controls = [], detailsLabel = "Details" }) {
  const live = liveRegion();
  const task = element("p", { class: "uv-task" });
  const lock = element("p", { class: "uv-lock", role: "status" }, "Commit a prediction first, or skip it.");
  const stale = element("p", { class: "uv-stale" }, STALE);
  const pane = element("div", { class: "uv-pane" });
  const hintNode = element("p", { class: "uv-hint" }, hint);
  const facts = element("dl");
  const details = element("div", { class: "uv-details", role: "group", "aria-label": detailsLabel }, facts, hintNode);
  const stage = element("div", { class: "uv-stage" }, details, pane);
  const tablePane = element("div", { class: "uv-table-pane", tabindex: "0", role: "region", "aria-label": "The same as a table" });
  const controlBox = element("div", { class: "uv-controls" }, ...controls);
  const tableButton = button("table", "Show the table instead of the picture", "Table", () => {
    root.dataset.table = String(root.dataset.table !== "true");
    drawMode();
  });
  const toolbar = element("div", { class: "uv-toolbar", role: "group", "aria-label": "Controls" }, tableButton, controlBox);
  const content = element("div", {}, toolbar, stage, tablePane);
  const root = element("div", { class: `uv uv-view uv-view-${name}`, "data-table": "false", "data-stale": "false" }, stale, task, lock, content, live.node);
  const handlers = [];

  function drawMode() {
    const locked = model.get("locked");
    const asTable = root.dataset.table === "true";
    root.dataset.locked = String(locked);
    lock.hidden = !locked;
    content.hidden = locked;
    stage.hidden = controlBox.hidden = asTable;
    tablePane.hidden = !asTable;
    tableButton.setAttribute("aria-pressed", String(asTable));
    task.textContent = model.get("task");
    task.hidden = !model.get("task");
    pane.style.maxHeight = tablePane.style.maxHeight = `${model.get("height")}px`;
    for (const handler of handlers) handler();
  }

  function drawTable() {
    tablePane.innerHTML = model.get("_table");
  }

  /** Field -> text in the details; the hint where there is none. */
  function showFacts(all) {
    facts.replaceChildren(...Object.entries(all ?? {}).map(([field, text]) =>
      element("div", {}, element("dt", {}, field), element("dd", { "data-field": field }, text))));
    hintNode.hidden = Boolean(all);
  }

  for (const trait of ["task", "locked", "height"]) model.on(`change:${trait}`, drawMode);
  model.on("change:_table", drawTable);
  // Jupyter says so when it has lost a kernel or found it again; whether this view's own end is there, only it can tell.
  model.on("comm_live_update", () => ask(model, { ping: true }, root));
  keepKeys(root);
  drawTable();
  showFacts(null);
  el.append(root);
  drawMode();
  return { root, stage, pane, details, tablePane, say: live.say, showFacts, onMode: (handler) => handlers.push(handler) };
}
