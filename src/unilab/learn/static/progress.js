// Progress, objective by objective, with three buttons. State for readers of the page: data-done on the root.

function render({ model, el }) {
  const list = element("div");
  const says = element("span", { role: "status" });
  let orders = 0, sure = false;
  const order = (word) => {
    orders += 1;
    model.set("_order", `${word} ${orders} ${Date.now()}`);
    model.save_changes();
  };
  const press = (action, label, onClick) => {
    const node = element("button", { type: "button", "data-action": action }, label);
    node.addEventListener("click", onClick);
    return node;
  };
  const again = press("refresh", "Look again", () => order("refresh"));
  const save = press("export", "Export", () => {
    const url = URL.createObjectURL(new Blob([model.get("_export")], { type: "application/json" }));
    element("a", { href: url, download: "progress.json" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
    says.textContent = "Saved as progress.json, where your browser keeps downloads.";
  });
  const reset = press("reset", "Reset", () => {
    if (sure) order("reset");
    sure = !sure;
    says.textContent = sure ? "This forgets everything. Press again to do it." : "";
    reset.textContent = sure ? "Yes, forget everything" : "Reset";
  });
  const root = element("div", { class: "ul ul-progress" }, list, element("div", { class: "ul-row" }, again, save, reset, says));

  function draw() {
    // Python has escaped every text in it.
    list.innerHTML = model.get("_list");
    root.dataset.done = String(list.querySelectorAll('[data-reached="done"]').length);
  }

  keepKeys(root);
  model.on("change:_list", draw);
  draw();
  el.append(root);
}

export default { render };
