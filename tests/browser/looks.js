// What is wrong with the look of a view, as far as a program can tell: a list of sentences, empty if nothing is.
// Evaluated on the view's root element (looks.py).
(root) => {
  const LEAST_CONTRAST = 4.5; // Web Content Accessibility Guidelines 2.2, "Contrast (Minimum)"
  const NEAR = 1.5; // pixels by which boxes may meet: browsers round, and letters have side bearings
  const faults = [];
  const short = (node) => JSON.stringify(node.textContent.trim().slice(0, 60));

  const numbers = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const rgba = (colour) => { const [r, g, b, a = 1] = numbers(colour); return [r, g, b, a]; };
  const over = ([r, g, b, a], below) => [r, g, b].map((each, i) => each * a + below[i] * (1 - a));
  const luminance = (colour) => {
    const [r, g, b] = colour.map((each) => each / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };

  /** What opacity the groups around an element leave it, up to its <svg>. */
  function opacity(node) {
    let all = 1;
    for (let each = node; each && each.tagName !== "svg"; each = each.parentElement) all *= Number(getComputedStyle(each).opacity);
    return all;
  }

  /** The box of a text's ink, about: its line has room above and below. */
  function ink(text) {
    const { left, right, top, bottom } = text.getBoundingClientRect();
    const room = (bottom - top) * 0.18;
    return { left, right, top: top + room, bottom: bottom - room };
  }

  function shown(node) {
    const style = getComputedStyle(node);
    return node.getClientRects().length > 0 && style.visibility === "visible" && style.display !== "none";
  }

  /** The colour below a text at a point of the page: every filled shape that was painted before it. */
  function below(shapes, text, x, y) {
    let colour = [255, 255, 255];
    for (const shape of shapes) {
      if (!(shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING)) break;
      const style = getComputedStyle(shape);
      if (style.fill === "none" || !shown(shape)) continue;
      const point = new DOMPoint(x, y).matrixTransform(shape.getScreenCTM().inverse());
      if (!shape.isPointInFill(point)) continue;
      const [r, g, b, a] = rgba(style.fill);
      colour = over([r, g, b, a * Number(style.fillOpacity) * opacity(shape)], colour);
    }
    return colour;
  }

  for (const svg of root.querySelectorAll("svg.uv-picture")) {
    if (!shown(svg)) continue;
    const paper = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll("text")].filter((text) => shown(text) && text.textContent.trim() && opacity(text) > 0.01);
    const shapes = [...svg.querySelectorAll("rect, path, circle, ellipse, polygon")];
    const boxes = texts.map(ink);
    texts.forEach((text, i) => {
      const box = boxes[i];
      const beyond = Math.max(paper.left - box.left, box.right - paper.right, paper.top - box.top, box.bottom - paper.bottom);
      if (beyond > NEAR) faults.push(`${short(text)} is cut off at the picture's edge, by ${beyond.toFixed(1)} px`);
      for (let j = 0; j < i; j += 1) {
        const other = boxes[j];
        const across = Math.min(box.right, other.right) - Math.max(box.left, other.left);
        const down = Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top);
        if (across > NEAR && down > NEAR) faults.push(`${short(text)} lies over ${short(texts[j])}, by ${across.toFixed(1)} x ${down.toFixed(1)} px`);
      }
      // A text that is put out on purpose, such as by a filter, need not be read.
      if (text.closest(".uv-off, .uv-later")) return;
      const style = getComputedStyle(text);
      const middle = (box.top + box.bottom) / 2;
      const worst = Math.min(...[0.1, 0.5, 0.9].map((part) => {
        const paperThere = below(shapes, text, box.left + (box.right - box.left) * part, middle);
        const [r, g, b, a] = rgba(style.fill);
        return contrast(over([r, g, b, a * Number(style.fillOpacity) * opacity(text)], paperThere), paperThere);
      }));
      if (worst < LEAST_CONTRAST) faults.push(`${short(text)} has a contrast of ${worst.toFixed(2)} (${style.fill})`);
      // In a block that can be chosen, a text stays between the block's own edges.
      const item = text.closest("[data-item], [data-block]");
      const ring = item?.querySelector(":scope > .uv-ring")?.getBoundingClientRect();
      if (ring && ring.width) {
        const out = Math.max(ring.left - box.left, box.right - ring.right);
        if (out > NEAR) faults.push(`${short(text)} sticks out of its block by ${out.toFixed(1)} px`);
      }
    });
  }

  const edge = root.getBoundingClientRect();
  for (const node of root.querySelectorAll("*")) {
    if (node.closest("svg, .uv-says") || !shown(node)) continue;
    const style = getComputedStyle(node);
    if (style.overflowX === "hidden" && node.scrollWidth > node.clientWidth + 1) faults.push(`${node.className} hides part of ${short(node)}`);
    let scrolled = node.parentElement;
    while (scrolled !== root.parentElement && !/auto|scroll/.test(getComputedStyle(scrolled).overflowX)) scrolled = scrolled.parentElement;
    const { left, right } = node.getBoundingClientRect();
    if (scrolled === root.parentElement && Math.max(edge.left - left, right - edge.right) > NEAR) {
      faults.push(`<${node.localName} class="${node.className}"> is wider than its view`);
    }
  }
  for (const node of root.querySelectorAll("button, input, select, textarea, [role=listbox], [role=option], [role=region], [tabindex]")) {
    if (!shown(node)) continue;
    const labelled = node.getAttribute("aria-label") || node.labels?.[0]?.textContent || node.querySelector?.(":scope > title") ||
      (/^(BUTTON|SUMMARY)$/.test(node.tagName) && node.textContent.trim()) || node.getAttribute("aria-labelledby");
    if (!labelled) faults.push(`<${node.localName} class="${node.getAttribute("class")}" role="${node.getAttribute("role")}"> has no name`);
  }
  return faults;
}
