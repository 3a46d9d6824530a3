"use strict";
// What drawing on a canvas needs: the style's colours, sharp pixels, round numbers, markers.

const style = getComputedStyle(document.documentElement);
const colour = (name) => style.getPropertyValue(`--${name}`).trim();
const darkness = matchMedia("(prefers-color-scheme: dark)");

// The context of a canvas with as many pixels as the screen shows, in units of CSS
function sharp(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = devicePixelRatio || 1;
  const wanted = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wanted[0] || canvas.height !== wanted[1])
    [canvas.width, canvas.height] = wanted;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { context, width, height };
}

// Round numbers between two others, about so many
function ticks(low, high, about) {
  const rough = (high - low) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough * 0.99);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) {
    const text = digits > 4 || Math.abs(k * step) >= 1e5 ? (k * step).toExponential(1) : (k * step).toFixed(digits);
    found.push({ at: k * step, text: text.replace("-", "−") });
  }
  return found;
}

// One marker for each ten labels, of tinyae's plots
const SHAPES = {
  o: (path, x, y, r) => path.arc(x, y, r, 0, 2 * Math.PI),
  s: (path, x, y, r) => path.rect(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r),
  "^": (path, x, y, r) => polygon(path, [[x, y - 1.2 * r], [x + 1.1 * r, y + 0.8 * r], [x - 1.1 * r, y + 0.8 * r]]),
  D: (path, x, y, r) => polygon(path, [[x, y - 1.3 * r], [x + 1.3 * r, y], [x, y + 1.3 * r], [x - 1.3 * r, y]]),
  v: (path, x, y, r) => polygon(path, [[x, y + 1.2 * r], [x + 1.1 * r, y - 0.8 * r], [x - 1.1 * r, y - 0.8 * r]]),
};

function polygon(path, corners) {
  corners.forEach(([x, y], i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
  path.closePath();
}

function drawMarker(context, shape, x, y, r) {
  context.beginPath();
  SHAPES[shape](context, x, y, r);
  context.fill();
  context.stroke();
}
