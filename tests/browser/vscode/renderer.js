/*
 * The outputs of cells, as VS Code's Jupyter extension shows them: its own widget manager (@vscode/jupyter-ipywidgets8)
 * on a kernel of a Jupyter server; other widgets' scripts by RequireJS, from the environment's nbextensions.
 */
import { activate } from "./ipywidgets.js";

const WIDGET = "application/vnd.jupyter.widget-view+json";

const load = (name) => new Promise((resolve, reject) => requirejs([name], resolve, reject));

/** What the extension's host does when a widget's module is not in the bundle. */
const scriptLoader = {
  widgetsRegisteredInRequireJs: new Set(),
  async loadWidgetScript(name) {
    requirejs.config({ paths: { [name]: `nbextensions/${name}/index` } });
  },
  successHandler() {},
  errorHandler(className, name, version, error) {
    console.error(`the widget ${className} of ${name} ${version} cannot be loaded`, error);
  },
};

let session, manager;

/** Start a kernel for a notebook, and a widget manager on it. */
async function start(token, path) {
  requirejs.config({ baseUrl: "/vscode", paths: { "@jupyterlab/services": "services" } });
  const { KernelManager, ServerConnection, SessionManager } = await load("@jupyterlab/services");
  const serverSettings = ServerConnection.makeSettings({ baseUrl: `${location.origin}/`, token, appendToken: true });
  const sessions = new SessionManager({ serverSettings, kernelManager: new KernelManager({ serverSettings }) });
  await sessions.ready;
  session = await sessions.startNew({ name: path, path, type: "notebook", kernel: { name: "python3" } });
  activate();
  window.vscIPyWidgets8.load();
  manager = new window.vscIPyWidgets.WidgetManager(session.kernel, document.body, scriptLoader, () => {});
}

async function show(data, element) {
  if (WIDGET in data) {
    element.classList.add("cell-output-ipywidget-background");
    const view = await manager.create_view(await manager.get_model(data[WIDGET].model_id), { el: element });
    await manager.display_view(undefined, view, { node: element });
  } else if ("text/html" in data) {
    element.innerHTML = data["text/html"];
  } else {
    element.append(Object.assign(document.createElement("pre"), { textContent: data["text/plain"] }));
  }
}

/** Run a cell, and show what comes out; its errors as text. */
async function run(code) {
  const cell = document.body.appendChild(document.createElement("div"));
  const shown = [], errors = [];
  const future = session.kernel.requestExecute({ code });
  future.onIOPub = ({ header, content }) => {
    if (header.msg_type === "error") errors.push(`${content.ename}: ${content.evalue}`);
    if (!["display_data", "execute_result"].includes(header.msg_type)) return;
    const element = cell.appendChild(document.createElement("div"));
    element.className = "output_container";
    shown.push(show(content.data, element));
  };
  await future.done;
  await Promise.all(shown);
  return errors;
}

function setTheme(theme) {
  document.body.className = `vscode-body vscode-${theme}`;
  document.body.dataset.vscodeThemeKind = `vscode-${theme}`;
}

setTheme("light");
window.webview = { start, run, setTheme, shutdown: () => session.shutdown() };
