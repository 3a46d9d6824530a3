"use strict";
// Where we are among the codes, and all that leads somewhere else.

const decode = readDecoder(data.decoder);
const ways = data.ways.map((each) => ({
  ...each,
  count: each.names.length,
  origin: Array.from(unpack(each.origin).values),
  directions: unpack(each.directions).values,
  points: unpack(each.points).values,
}));
const hidden = new Set(); // labels that are not shown

let way = ways[0];
let place = [...way.start]; // how far along each direction
let axes = strip ? [0] : [0, 1]; // the directions that lie across and up
let held = false; // by a click, so that the pointer may leave
let curves = []; // that are decoded, where outputs are points
let milliseconds = 0; // that one decoding takes

const numberAt = (share, d) => way.low[d] + share * (way.high[d] - way.low[d]);
const shareOf = (number, d) => (number - way.low[d]) / (way.high[d] - way.low[d]);

function codeAt(place) {
  const code = [...way.origin];
  for (let d = 0; d < way.count; d++)
    for (let k = 0; k < code.length; k++) code[k] += place[d] * way.directions[d * code.length + k];
  return code;
}

function go(d, number) {
  place[d] = Math.min(Math.max(number, way.low[d]), way.high[d]);
}

// Lines through the codes of the map, decoded
function planCurves() {
  if (output.kind !== "point") return;
  const steps = (count) => Array.from({ length: count }, (_, i) => i / (count - 1));
  const line = (count, ...fixed) =>
    steps(count).map((share) => {
      const at = [...place];
      fixed.forEach(([d, number]) => (at[d] = number));
      const along = axes.find((d) => !fixed.some(([other]) => other === d));
      at[along] = numberAt(share, along);
      return decode(codeAt(at));
    });
  const grid = (d) => steps(11).map((share) => line(61, [d, numberAt(share, d)]));
  curves = strip ? [line(400)] : [...grid(axes[0]), ...grid(axes[1])];
}

// Drawing

let due = false;
function redraw() {
  if (!due) requestAnimationFrame(draw);
  due = true;
}

function draw() {
  due = false;
  const code = codeAt(place);
  const start = performance.now();
  const values = decode(code);
  const took = performance.now() - start;
  milliseconds += 0.1 * (took - milliseconds);
  drawMap();
  drawOutput(element("picture"), values, curves);
  const named = axes.map((d) => `${way.names[d].replace(/ \(.*/, "")} = ${said(place[d])}`);
  element("code").textContent =
    code.length <= 2 ? `code (${code.map(said).join(", ")})` : named.join("\n");
  const time = milliseconds < 0.05 ? "under 0.05" : milliseconds.toFixed(milliseconds < 1 ? 2 : 1);
  element("time").textContent = `decoded in ${time} ms${held ? ", held" : ""}`;
}

function drawAll() {
  measureMap();
  planCurves();
  drawCodes();
  drawGround();
  redraw();
}

// Pointer and keys

function follow(event) {
  const { left, top } = map.getBoundingClientRect();
  go(axes[0], numberAt((event.clientX - left - box[0]) / (box[2] - box[0]), axes[0]));
  if (!strip) go(axes[1], numberAt((box[3] - event.clientY + top) / (box[3] - box[1]), axes[1]));
  redraw();
}

let pressed = null; // where
map.addEventListener("pointerdown", (event) => {
  pressed = [event.clientX, event.clientY];
  map.setPointerCapture(event.pointerId);
  follow(event);
});
map.addEventListener("pointermove", (event) => {
  if (event.buttons || (event.pointerType === "mouse" && !held)) follow(event);
});
map.addEventListener("pointerup", (event) => {
  const still = pressed && Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) < 4;
  if (still && event.pointerType === "mouse") held = !held;
  pressed = null;
  redraw();
});

const KEYS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowDown: [1, -1], ArrowUp: [1, 1] };
map.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const [axis, sign] = KEYS[event.key] ?? [];
  if (event.key === "Home") place = [...way.start];
  else if (sign) {
    const d = axes[strip ? 0 : axis];
    go(d, place[d] + (sign * (event.shiftKey ? 0.1 : 0.01)) * (way.high[d] - way.low[d]));
  } else return;
  event.preventDefault();
  held = true;
  if (event.key === "Home") showSliders();
  redraw();
  element("spoken").textContent = axes.map((d) => `${way.names[d]} ${said(place[d])}`).join(", ");
});

// Labels

function showLegend() {
  data.labels.forEach((name, label) => {
    const button = document.createElement("button");
    const marker = document.createElement("canvas");
    button.type = "button";
    button.setAttribute("aria-pressed", "true");
    button.append(marker, name);
    button.addEventListener("click", () => {
      const shown = hidden.delete(label) || !hidden.add(label);
      button.setAttribute("aria-pressed", String(shown));
      drawCodes();
      redraw();
    });
    element("legend").append(button);
    const { context } = sharp(marker);
    context.fillStyle = data.colours[label % data.colours.length];
    context.strokeStyle = "transparent";
    drawMarker(context, data.markers[Math.floor(label / data.colours.length)], 7, 7, 5);
  });
}

// Codes of more than two numbers

function choice(id, what, names, chosen, choose) {
  const label = document.createElement("label");
  const select = document.createElement("select");
  [label.textContent, label.htmlFor, select.id] = [what, id, id];
  names.forEach((name, k) => select.add(new Option(name, k, false, k === chosen)));
  select.addEventListener("change", () => {
    choose(Number(select.value));
    showAxes();
    showSliders();
    drawAll();
    element(id).focus();
  });
  element("axes").append(label, select);
}

function showAxes() {
  element("axes").replaceChildren();
  const named = axes.map((d) => way.names[d]);
  map.setAttribute("aria-label", `map of codes: ${named.join(" across, ")}${strip ? "" : " up"}`);
  if (way.count <= 2) return;
  if (ways.length > 1)
    choice("along", "along", ways.map((each) => each.name), ways.indexOf(way), (k) => turnTo(ways[k]));
  ["across", "up"].forEach((what, axis) =>
    choice(what, what, way.names, axes[axis], (d) => {
      if (d === axes[1 - axis]) axes.reverse();
      else axes[axis] = d;
    }),
  );
}

// The same code, as far as it can be, along other directions
function turnTo(other) {
  const code = codeAt(place);
  way = other;
  axes = [0, 1];
  place = way.start.map((_, d) => {
    let sum = 0;
    for (let k = 0; k < code.length; k++)
      sum += (code[k] - way.origin[k]) * way.directions[d * code.length + k];
    return sum;
  });
}

function showSliders() {
  element("sliders").replaceChildren();
  way.names.forEach((name, d) => {
    if (axes.includes(d)) return;
    const [label, slider, value] = ["label", "input", "span"].map((tag) => document.createElement(tag));
    [slider.type, slider.id, label.htmlFor] = ["range", `along-${d}`, `along-${d}`];
    [slider.min, slider.max, slider.step] = [way.low[d], way.high[d], "any"];
    slider.value = place[d];
    const show = () => (value.textContent = slider.ariaValueText = said(place[d]));
    slider.addEventListener("input", () => {
      go(d, Number(slider.value));
      show();
      planCurves();
      drawGround();
      redraw();
    });
    // with "any" for a step browsers leave the keys' to themselves
    slider.addEventListener("keydown", (event) => {
      const sign = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      if (!sign) return;
      event.preventDefault();
      slider.value = place[d] + (sign * (way.high[d] - way.low[d])) / 100;
      slider.dispatchEvent(new Event("input"));
    });
    label.append(name, value);
    element("sliders").append(label, slider);
    show();
  });
}

// How far outputs are from the model's, at most; and how long decoding takes
function farthest() {
  const [codes, outputs] = [data.probes.codes, data.probes.outputs].map(unpack);
  const count = codes.shape[0];
  const [k, size] = [codes, outputs].map(({ values }) => values.length / count);
  let worst = 0;
  const start = performance.now();
  for (let i = 0; i < count; i++)
    decode(codes.values.subarray(i * k, (i + 1) * k)).forEach((value, j) => {
      worst = Math.max(worst, Math.abs(value - outputs.values[i * size + j]));
    });
  milliseconds = (performance.now() - start) / count;
  return worst;
}

function showAbout() {
  const [samples, drawn] = [data.samples, data.index.length];
  const some = drawn < samples ? ` ${drawn.toLocaleString("en")} of them drawn, chosen at random.` : "";
  const weights = `${data.weights.toLocaleString("en")} weights in ${data.bits} bits`;
  element("about").textContent =
    `${samples.toLocaleString("en")} samples.${some} The decoder has ${weights}; its outputs here ` +
    `are within ${farthest().toExponential(0).replace("-", "−")} of the model's. tinyae ${data.version}`;
}

document.body.classList.add(output.kind, ...(strip ? ["strip"] : []));
showLegend();
showAxes();
showSliders();
showAbout();
new ResizeObserver(drawAll).observe(map);
new ResizeObserver(redraw).observe(element("picture"));
darkness.addEventListener("change", drawAll);
