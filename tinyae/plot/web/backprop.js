"use strict";
// A network drawn as far as it is known after a step, and the numbers of the unit that is chosen.

const count = data.layers.length;
const columns = [data.x, ...data.layers.map((layer) => layer.y)];
const LAST = 2 * count + 1; // steps: forward through each layer, the loss, back through each
const [ACROSS, DOWN, RADIUS, EDGE] = [176, 80, 28, 60];
let stage = 0;
let chosen = [0, 0]; // a column, and a unit of it

const forwardDone = (i) => stage > i; // layer i has computed its output
const backwardDone = (i) => stage > 2 * count - i; // and has handed back its gradient

// Which layer a step is about, and in which direction
function subject() {
  if (stage === 0) return { direction: "start", name: "The input" };
  if (stage <= count) return { direction: "forward", i: stage - 1 };
  if (stage === count + 1) return { direction: "loss", name: "The loss, and its gradient" };
  return { direction: "backward", i: LAST - stage };
}

function nameOf({ direction, i, name }) {
  const words = { forward: "Forward through", backward: "Back through" }[direction];
  return `${stage} of ${LAST}: ${name ?? `${words} ${data.layers[i].name}`}`;
}

// Where a step's numbers are: the column whose units are chosen from
function columnOf({ direction, i }) {
  if (direction === "start") return 0;
  return direction === "loss" ? count : i + 1;
}

// The gradients that stand below column i, once they are known
function gradientsOf(i) {
  if (i === count) return stage > count ? data.layers[count - 1].dy : null;
  if (!backwardDone(i)) return null;
  return i === 0 ? data.layers[0].dx : data.layers[i - 1].dy;
}

// Drawing

const SVG = "http://www.w3.org/2000/svg";

function shape(parent, kind, settings, text) {
  const made = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(settings)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

const most = Math.max(...columns.map((column) => column.length));
const height = most * DOWN + EDGE;
const width = (count + 1) * ACROSS + 2 * EDGE;
const place = (i, k) => [EDGE + i * ACROSS, EDGE + ((most - columns[i].length) / 2 + k + 0.3) * DOWN];
const lossPlace = [EDGE + (count + 1) * ACROSS - 30, EDGE + ((most - 1) / 2 + 0.3) * DOWN];

function drawNetwork() {
  const svg = shape(document.createDocumentFragment(), "svg", { width, height });
  columns.forEach((_, i) => i < count && drawEdges(svg, i));
  const [x, y] = lossPlace;
  for (const k of range(columns[count])) {
    const [left, top] = place(count, k);
    shape(svg, "line", { class: "edge plain", x1: left, y1: top, x2: x, y2: y });
  }
  columns.forEach((column, i) => {
    const top = Math.min(...range(column).map((k) => place(i, k)[1]));
    const name = i ? data.layers[i - 1].name : "input x";
    shape(svg, "text", { class: "caption halo", x: place(i, 0)[0], y: top - RADIUS - 14 }, name);
    for (const k of range(column)) drawUnit(svg, i, k);
  });
  const known = stage > count;
  const loss = shape(svg, "g", { class: `unit ${known ? "known" : ""} ${stage === count + 1 ? "now" : ""}` });
  shape(loss, "circle", { cx: x, cy: y, r: RADIUS + 8 });
  shape(svg, "text", { class: "caption halo", x, y: y - RADIUS - 22 }, "loss");
  if (known) shape(loss, "text", { x, y: y + 5 }, said(data.reconstruction + data.penalty));
  loss.addEventListener("click", () => show(count + 1));
  element("network").replaceChildren(svg);
}

function drawUnit(svg, i, k) {
  const [x, y] = place(i, k);
  const now = subject();
  const known = i === 0 || forwardDone(i - 1);
  const gradients = gradientsOf(i);
  const isNow = columnOf(now) === i || (now.direction === "backward" && now.i === i);
  const isChosen = chosen[0] === i && chosen[1] === k;
  const states = { known, back: now.direction === "backward", now: isNow, chosen: isChosen };
  const names = Object.keys(states).filter((name) => states[name]);
  const unit = shape(svg, "g", { class: ["unit", ...names].join(" ") });
  shape(unit, "circle", { cx: x, cy: y, r: RADIUS });
  if (known) shape(unit, "text", { x, y: y + 5 }, said(columns[i][k]));
  if (gradients)
    shape(unit, "text", { class: "gradient halo", x, y: y + RADIUS + 16 }, said(gradients[k]));
  unit.addEventListener("click", () => {
    chosen = [i, k];
    draw();
  });
}

function drawEdges(svg, i) {
  const { connections } = data.layers[i];
  const labels = [];
  const line = (k, j, classes, thickness) => {
    const [[x1, y1], [x2, y2]] = [place(i, k), place(i + 1, j)];
    const isChosen = chosen[0] === i + 1 && chosen[1] === j;
    const name = `edge ${classes} ${isChosen ? "chosen" : ""}`;
    shape(svg, "line", { class: name, x1, y1, x2, y2, "stroke-width": thickness });
    if (isChosen && connections) labels.push([k, j, 0.55 * x1 + 0.45 * x2, 0.55 * y1 + 0.45 * y2]);
  };
  if (!connections) {
    if (columns[i].length === columns[i + 1].length) for (const k of range(columns[i])) line(k, k, "plain", 1.5);
    return;
  }
  const { kernel, kernel_gradient } = connections;
  const largest = Math.max(...kernel.flat().map(Math.abs)) || 1;
  kernel.forEach((row, k) =>
    row.forEach((weight, j) => line(k, j, weight < 0 ? "below" : "", 0.7 + (2.6 * Math.abs(weight)) / largest)),
  );
  for (const [k, j, x, y] of labels) {
    shape(svg, "text", { class: "halo", x, y: y + 1 }, said(kernel[k][j]));
    if (backwardDone(i))
      shape(svg, "text", { class: "gradient halo", x, y: y + 17 }, said(kernel_gradient[k][j]));
  }
}

// The numbers, below

function block(title, lines, kind, place = "") {
  const made = document.createElement("div");
  made.className = place;
  const head = document.createElement("h3");
  head.textContent = title;
  made.append(head);
  for (const text of lines) {
    const line = document.createElement("p");
    line.className = kind;
    text.split(/_\{([^}]*)\}/).forEach((part, k) => {
      const piece = document.createElement(k % 2 ? "sub" : "span");
      piece.textContent = part;
      line.append(piece);
    });
    made.append(line);
  }
  return made;
}

function showNumbers() {
  const { direction, i } = subject();
  const [column, k] = chosen;
  const unit = `unit ${k + 1}`;
  const blocks = [];
  if (direction === "start") blocks.push(block("What goes in", data.x.map((value, j) => `x_{${j + 1}} = ${said(value)}`), "forward"));
  if (direction === "loss") {
    const { forward, backward } = lossOf(column === count ? k : 0);
    blocks.push(block("The loss", forward, "forward"), block("Its gradient, where the way back begins", backward, "backward"));
  }
  if (direction === "forward") {
    const j = column === i + 1 ? k : 0;
    blocks.push(block(`${data.layers[i].name}: ${data.layers[i].forward}`, [], "forward", "all"));
    blocks.push(block(`unit ${j + 1}`, forwardOf(i, j), "forward"));
  }
  if (direction === "backward") {
    blocks.push(block(`${data.layers[i].name}: ${data.layers[i].backward}`, [], "backward", "all"));
    if (column === i) blocks.push(block(`handed back to ${unit}`, handedBackOf(i, k), "backward"));
    else {
      const j = column === i + 1 ? k : 0;
      blocks.push(block(`unit ${j + 1}`, backwardOf(i, j), "backward"));
      blocks.push(block("handed back", data.layers[i].dx.flatMap((_, n) => handedBackOf(i, n)), "backward"));
    }
  }
  element("numbers").replaceChildren(...blocks);
}

function draw() {
  drawNetwork();
  showNumbers();
  element("name").textContent = nameOf(subject());
  element("stage").value = stage;
  element("stage").ariaValueText = nameOf(subject());
  element("previous").disabled = stage === 0;
  element("next").disabled = stage === LAST;
}

// A step; the unit that is chosen is one that it is about
function show(to) {
  stage = Math.min(Math.max(to, 0), LAST);
  chosen = [columnOf(subject()), 0];
  draw();
  const middle = place(chosen[0], 0)[0] - element("network").clientWidth / 2;
  element("network").scrollTo({ left: middle });
}

element("stage").max = LAST;
element("stage").addEventListener("input", () => show(Number(element("stage").value)));
element("previous").addEventListener("click", () => show(stage - 1));
element("next").addEventListener("click", () => show(stage + 1));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target === element("stage")) return;
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const other = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    show(stage + step);
    // so that the other arrows choose a unit: until then they scroll
    if (document.activeElement === document.body) element("network").focus({ preventScroll: true });
  } else if (other && document.activeElement === element("network")) {
    const [i, k] = chosen;
    chosen = [i, (k + other + columns[i].length) % columns[i].length];
    draw();
  } else return;
  event.preventDefault();
});
element("about").textContent =
  "One sample, one step, without noise. In a unit stands its value y, below it the gradient dy; at " +
  "the connections of the unit that is chosen W and dW. Red: W above zero; blue and dashed: below. " +
  `tinyae ${data.version}`;
show(0);
