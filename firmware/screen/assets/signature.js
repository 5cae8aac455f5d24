// The pen on its field: strokes of [x, y, milliseconds], kept nowhere but here until they are sent.

export class Pen {
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    this.strokes = [];
    this.began = 0;
    this.down = null;
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.go(event));
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => { if (event.pointerId === this.down) this.down = null; });
    }
  }

  // To be called once the canvas stands in the page: its pixels are those of the screen.
  fit() {
    this.canvas.width = Math.min(2000, Math.max(50, Math.floor(this.canvas.clientWidth)));
    this.canvas.height = Math.min(2000, Math.max(50, Math.floor(this.canvas.clientHeight)));
    this.ink = this.canvas.getContext("2d");
    Object.assign(this.ink, { lineWidth: 5, lineCap: "round", lineJoin: "round", strokeStyle: "#000" });
  }

  begin(event) {
    if (this.down !== null) return; // one hand writes; the other lies on the glass
    this.down = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    if (this.strokes.length === 0) this.began = event.timeStamp;
    this.strokes.push([]);
    this.add(event);
  }

  go(event) {
    if (event.pointerId !== this.down) return;
    for (const step of event.getCoalescedEvents?.() ?? [event]) this.add(step);
  }

  add(event) {
    const box = this.canvas.getBoundingClientRect();
    const within = (value, size, most) => Math.round(Math.min(most, Math.max(0, value * most / size)));
    const x = within(event.clientX - box.left, box.width, this.canvas.width);
    const y = within(event.clientY - box.top, box.height, this.canvas.height);
    const stroke = this.strokes.at(-1);
    const before = stroke.at(-1);
    if (before && before[0] === x && before[1] === y) return;
    const last = this.strokes.flat().at(-1);
    stroke.push([x, y, Math.max(last ? last[2] : 0, Math.round(event.timeStamp - this.began))]);
    const [fromX, fromY] = before || [x, y];
    this.ink.beginPath();
    this.ink.moveTo(fromX, fromY);
    this.ink.lineTo(x, y);
    this.ink.stroke();
    this.changed(this);
  }

  get empty() { return this.strokes.length === 0; }

  clear() {
    this.strokes = [];
    this.down = null;
    this.ink?.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.changed(this);
  }

  drawing() {
    const strokes = this.strokes.filter((stroke) => stroke.length > 0);
    return { width: this.canvas.width, height: this.canvas.height, strokes };
  }
}
