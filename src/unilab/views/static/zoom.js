// A picture that is zoomed and dragged in its pane. Goes between shared.js and a view's own module (static_form.py).

/** Below this scale the text is too small to read: the picture scrolls instead of shrinking further. */
const SMALLEST_READABLE = 0.72;
const LARGEST = 4;
const STEP = 1.25;

/** How large the picture is drawn in its pane. What does not fit, the pane scrolls. */
class Scale {
  constructor(pane, frame, onChange) {
    Object.assign(this, { pane, frame, onChange });
    this.value = 1;
    this.choose = this.initial;
  }

  attach(svg) {
    this.svg = svg;
    this.width = Number(svg.getAttribute("width"));
    this.height = Number(svg.getAttribute("height"));
  }

  /** The whole picture, however small. */
  whole() {
    const edges = this.pane.offsetHeight - this.pane.clientHeight;
    return Math.min(1, this.across(), (this.maximumHeight - edges) / this.height);
  }

  /** The whole picture where that is readable; else its whole width where that is. */
  initial() {
    const whole = this.whole();
    return whole >= SMALLEST_READABLE ? whole : Math.min(1, Math.max(SMALLEST_READABLE, this.across()));
  }

  across() {
    const edges = this.pane.offsetWidth - this.pane.clientWidth;
    return (this.frame.clientWidth - edges) / this.width;
  }

  get isInitial() { return Math.abs(this.value - this.initial()) < 0.01; }

  /** Chooses the scale by `initial` or `whole`, now and whenever there is more or less room. */
  fit(choose = this.choose) {
    this.choose = choose;
    // A view that is not on the page yet, or hidden, has no room.
    if (choose && this.frame.clientWidth) this.set(choose.call(this));
    else this.set(this.value);
  }

  /** Zooms and keeps the point at (x, y) of the pane where it is. */
  zoom(factor, x = this.pane.clientWidth / 2, y = this.pane.clientHeight / 2) {
    this.choose = null;
    const { scrollLeft, scrollTop } = this.pane;
    const before = this.value;
    this.set(Math.max(Math.min(this.whole(), before), Math.min(LARGEST, before * factor)));
    const by = this.value / before;
    this.pane.scrollTo((scrollLeft + x) * by - x, (scrollTop + y) * by - y);
  }

  /** Zooms in on the middle of a box of the picture. */
  zoomTo(box) {
    this.choose = null;
    this.set(Math.min(LARGEST, Math.max(2, this.value)));
    this.pane.scrollTo(
      (box.x + box.width / 2) * this.value - this.pane.clientWidth / 2,
      (box.y + box.height / 2) * this.value - this.pane.clientHeight / 2);
  }

  set(value) {
    this.value = value;
    this.svg.setAttribute("width", this.width * value);
    this.svg.setAttribute("height", this.height * value);
    this.onChange(value);
  }

  /** Scrolls the pane, not the page, as little as shows a box with some room around it. */
  reveal(box, room = 24) {
    const into = (at, length, from, span) => {
      if (at - room < from) return at - room;
      return Math.max(from, at + length + room - span);
    };
    const [x, y, width, height] = [box.x, box.y, box.width, box.height].map((length) => length * this.value);
    this.pane.scrollTo(
      into(x, width, this.pane.scrollLeft, this.pane.clientWidth),
      into(y, height, this.pane.scrollTop, this.pane.clientHeight));
  }
}

/**
 * The wheel with Ctrl zooms, dragging moves. `onWheel` is told of each such turn, before it.
 *
 * Gives { moved }: whether the press that is ending has moved the picture.
 */
function moveByPointer(pane, scale, onWheel = () => {}) {
  pane.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    onWheel(event);
    const corner = pane.getBoundingClientRect();
    scale.zoom(Math.exp(-event.deltaY / 400), event.clientX - corner.left, event.clientY - corner.top);
    event.preventDefault();
  }, { passive: false });

  const drag = { from: null, moved: false };
  pane.addEventListener("pointerdown", (event) => {
    // A finger already scrolls.
    if (event.button === 0 && event.pointerType === "mouse") Object.assign(drag, { from: { x: event.clientX, y: event.clientY }, moved: false });
  });
  pane.addEventListener("pointermove", (event) => {
    if (!drag.from || (!drag.moved && Math.hypot(event.clientX - drag.from.x, event.clientY - drag.from.y) < 5)) return;
    if (!drag.moved) pane.setPointerCapture(event.pointerId);
    pane.scrollBy(drag.from.x - event.clientX, drag.from.y - event.clientY);
    Object.assign(drag, { from: { x: event.clientX, y: event.clientY }, moved: true });
  });
  // A drag's own click comes after pointerup; the flag outlives it by one task.
  for (const ending of ["pointerup", "pointercancel"]) {
    pane.addEventListener(ending, () => setTimeout(() => Object.assign(drag, { from: null, moved: false })));
  }
  return drag;
}
