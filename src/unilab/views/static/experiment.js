// How far an experiment is, and a button that stops it. State for readers of the page, on the root: data-state, data-done.

function render({ model, el }) {
  const meter = element("progress", { max: String(model.get("total")), "aria-label": model.get("title") });
  const says = element("span", { role: "status" });
  const stop = button("stop", "Stop the experiment and keep what was measured", "Stop", () => {
    model.set("stop", true);
    model.save_changes();
    draw();
  });
  const root = element("div", { class: "uv-experiment" },
    element("strong", {}, model.get("title")), meter, stop, says);

  function words() {
    const [done, total, doing] = ["done", "total", "doing"].map((name) => model.get(name));
    if (model.get("state") === "done") return `Done: ${total} of ${total} steps.`;
    if (model.get("state") === "stopped") return `Stopped after ${done} of ${total} steps.`;
    return model.get("stop") ? "Stopping after this step …" : `Step ${done + 1} of ${total}: ${doing}`;
  }

  function draw() {
    root.dataset.state = model.get("state");
    root.dataset.done = String(model.get("done"));
    meter.value = model.get("done");
    stop.disabled = model.get("stop") || model.get("state") !== "running";
    says.textContent = words();
  }

  keepKeys(root);
  for (const trait of ["done", "doing", "state", "stop"]) model.on(`change:${trait}`, draw);
  draw();
  el.append(root);
}

export default { render };
