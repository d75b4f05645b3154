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

/** Keeps keys typed in a widget from JupyterLab, where a plain "d" twice deletes the cell. */
function keepKeys(root) {
  root.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
  });
}

let groups = 0;

/** A name for radio buttons that belong together: a page may show one widget twice. */
function radioGroup() {
  groups += 1;
  return `unilab-${groups}`;
}
