// A machine's console: a log of what it prints, and a line to type into.
//
// State for readers of the page, on the root element: data-ready, data-state, data-lines.

function render({ model, el }) {
  const heading = machineHeading(model);
  const task = element("p", { class: "uv-task" });
  const above = element("p", { class: "uv-above" });
  const log = element("pre", { class: "uv-log", role: "log", tabindex: "0" });
  const prompt = element("span", { "aria-hidden": "true" }, "›");
  const line = element("input", {
    type: "text", "aria-label": "Type a line; Enter sends it", "data-action": "line",
    spellcheck: "false", autocomplete: "off", autocapitalize: "off",
  });
  const send = button("send", "Send the line", "Send", sendLine);
  const end = button("end", "End of input, as control-D", "End of input", () => model.send({ do: "end" }));
  const copy = button("copy", "Copy everything that is shown", "Copy", copyAll);
  const trouble = element("p", { class: "uv-trouble", role: "alert" });
  const says = liveRegion();
  const root = element("div", { class: "uv uv-view uv-console" },
    element("p", { class: "uv-stale" }, STALE), task, heading.node, above, log,
    element("div", { class: "uv-toolbar uv-typing", role: "group", "aria-label": "Input" }, prompt, line, send, end, copy),
    trouble, says.node);
  el.append(root);

  let shown = "";
  let dropped = 0;
  const history = [];
  let back = 0;
  const gone = () => root.dataset.stale === "true";

  /** Adds what is new, so that a screen reader hears only that; whole anew if what was shown has changed. */
  function drawText() {
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 24;
    const text = model.get("_text");
    dropped = model.get("_dropped");
    if (!text.startsWith(shown)) log.replaceChildren(text);
    else if (text.length > shown.length) log.append(text.slice(shown.length));
    shown = text;
    above.textContent = dropped ? `${dropped.toLocaleString("en")} earlier lines are not kept here.` : "";
    above.hidden = !dropped;
    root.dataset.lines = String(text.split("\n").length);
    if (atEnd) log.scrollTop = log.scrollHeight;
  }

  function drawState() {
    heading.draw(gone());
    task.textContent = model.get("task");
    task.hidden = !model.get("task");
    trouble.textContent = model.get("error");
    trouble.hidden = !model.get("error");
    log.style.maxHeight = `${model.get("height")}px`;
    log.setAttribute("aria-label", `Console of ${model.get("_title")}`);
    const can = model.get("_can_type") && !gone();
    for (const node of [line, send, end]) node.disabled = !can;
    line.placeholder = can ? "" : gone() ? "the kernel has gone" : model.get("state") === "ended" ? "it has ended" : "its input has ended";
    root.dataset.state = model.get("state");
  }

  function sendLine() {
    if (line.disabled) return;
    model.send({ do: "type", line: line.value });
    if (line.value) history.push(line.value);
    back = 0;
    line.value = "";
    log.scrollTop = log.scrollHeight;
  }

  function recall(by) {
    back = Math.max(0, Math.min(history.length, back + by));
    line.value = back ? history[history.length - back] : "";
  }

  async function copyAll() {
    try {
      await navigator.clipboard.writeText(shown);
      says.say("Copied.");
    } catch {
      // Not every page may write to the clipboard: select it for the reader to copy.
      getSelection().selectAllChildren(log);
      says.say("Selected; copy it with the keyboard.");
    }
  }

  line.addEventListener("keydown", (event) => {
    if (event.key === "Enter") sendLine();
    else if (event.key === "d" && event.ctrlKey) model.send({ do: "end" });
    else if (event.key === "ArrowUp") recall(1);
    else if (event.key === "ArrowDown") recall(-1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  keepKeys(root);

  for (const trait of ["_text", "_dropped"]) model.on(`change:${trait}`, drawText);
  for (const trait of ["task", "height", "state", "error", "_title", "_ending", "_can_type"]) model.on(`change:${trait}`, drawState);
  whenStale(model, root, drawState);
  drawState();
  drawText();
  log.scrollTop = log.scrollHeight;
  root.dataset.ready = "true";
}

export default { render };
