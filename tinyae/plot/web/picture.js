"use strict";
// What a code decodes to: an image, a point among all that can be decoded, or a line.

const output = data.output;
const isImage = output.kind === "image";
const scratch = document.createElement("canvas");
if (isImage) [scratch.width, scratch.height] = [output.width, output.height];

// The width of what is drawn, as a share of its height
const aspect = { image: isImage && output.width / output.height, point: 1, line: 4 / 3 }[output.kind];

// The image at a place. Grey images that are mostly black are drawn as ink on the page's paper.
function drawImage(context, values, x, y, width, height, alpha) {
  const { channels, ink, low, high } = output;
  const pixels = new ImageData(output.width, output.height);
  const inks = ink && !darkness.matches ? [28, 32, 36] : [233, 235, 238];
  for (let k = 0; k < output.width * output.height; k++) {
    const share = (c) => Math.min(1, Math.max(0, (values[k * channels + c] - low) / (high - low)));
    const level = (c) => 255 * share(channels === 3 ? c : 0);
    pixels.data.set(ink ? [...inks, level(0)] : [level(0), level(1), level(2), 255], 4 * k);
  }
  scratch.getContext("2d").putImageData(pixels, 0, 0);
  context.globalAlpha = alpha;
  context.imageSmoothingEnabled = width * devicePixelRatio < output.width;
  context.drawImage(scratch, x, y, width, height);
  context.globalAlpha = 1;
}

// The frame of numbers around points or a line: [left, top, right, bottom] is drawn within
function drawScales(context, box, [left, right], [bottom, top]) {
  context.font = "12px system-ui, sans-serif";
  context.fillStyle = colour("quiet");
  context.textBaseline = "top";
  context.textAlign = "center";
  const across = (value) => box[0] + ((value - left) / (right - left)) * (box[2] - box[0]);
  const up = (value) => box[3] - ((value - bottom) / (top - bottom)) * (box[3] - box[1]);
  const room = (at, text, low, high) => {
    const half = context.measureText(text).width / 2;
    return Math.min(Math.max(at, low + half), high - half);
  };
  for (const { at, text } of ticks(left, right, (box[2] - box[0]) / 60))
    context.fillText(text, room(across(at), text, box[0], box[2]), box[3] + 6);
  context.textBaseline = "middle";
  context.textAlign = "right";
  if (top > bottom)
    for (const { at, text } of ticks(bottom, top, (box[3] - box[1]) / 50))
      context.fillText(text, box[0] - 6, Math.min(Math.max(up(at), box[1] + 6), box[3] - 6));
  context.strokeStyle = colour("line");
  context.lineWidth = 1;
  context.strokeRect(box[0] - 0.5, box[1] - 0.5, box[2] - box[0] + 1, box[3] - box[1] + 1);
  return { across, up };
}

function drawLine(context, points, stroke, width) {
  context.beginPath();
  points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.strokeStyle = stroke;
  context.lineWidth = width;
  context.lineJoin = "round";
  context.stroke();
}

// Where the pointer is: a ring that is seen on any ground
function drawRing(context, x, y) {
  for (const [stroke, width] of [[colour("paper"), 6], [colour("ink"), 2.5]]) {
    context.beginPath();
    context.arc(x, y, 9, 0, 2 * Math.PI);
    context.strokeStyle = stroke;
    context.lineWidth = width;
    context.stroke();
  }
}

// Points: their own, and curves of what is decoded along lines through the codes

const scattered = output.kind === "point" ? unpack(output.points).values : [];
let reach = null; // [left, right], [bottom, top] of all that is drawn

function reachOf(curves) {
  const ranges = [0, 1].map((axis) => {
    let [low, high] = [Infinity, -Infinity];
    const widen = (value) => {
      if (Number.isFinite(value)) [low, high] = [Math.min(low, value), Math.max(high, value)];
    };
    for (let k = axis; k < scattered.length; k += 2) widen(scattered[k]);
    for (const curve of curves) for (const point of curve) widen(point[axis]);
    const middle = (low + high) / 2;
    return { middle, half: Math.max(0.55 * (high - low), 1e-6 * Math.abs(middle), 1e-9) };
  });
  const half = Math.max(...ranges.map((each) => each.half)); // a unit is as long across as up
  reach = ranges.map(({ middle }) => [middle - half, middle + half]);
}

function drawPoints(context, size, values, curves) {
  const box = [42, 8, size.width - 8, size.height - 24];
  if (!reach) reachOf(curves);
  const { across, up } = drawScales(context, box, ...reach);
  context.save();
  context.beginPath();
  context.rect(box[0], box[1], box[2] - box[0], box[3] - box[1]);
  context.clip();
  context.fillStyle = colour("quiet");
  context.globalAlpha = scattered.length > 2000 ? 0.3 : 0.5;
  const radius = scattered.length > 2000 ? 1.6 : 2.6;
  for (let k = 0; k < scattered.length; k += 2) {
    context.beginPath();
    context.arc(across(scattered[k]), up(scattered[k + 1]), radius, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalAlpha = 1;
  for (const curve of curves)
    drawLine(context, curve.map(([x, y]) => [across(x), up(y)]), colour("forward"), curves.length > 1 ? 1 : 2.5);
  drawRing(context, across(values[0]), up(values[1]));
  context.restore();
}

function drawProfile(context, size, values) {
  const { low, high } = output;
  const room = 0.08 * (high - low) || 0.5;
  const box = [42, 8, size.width - 8, size.height - 24];
  const last = Math.max(1, values.length - 1);
  const { across, up } = drawScales(context, box, [0, last], [low - room, high + room]);
  context.save();
  context.beginPath();
  context.rect(box[0], box[1], box[2] - box[0], box[3] - box[1]);
  context.clip();
  const line = Array.from(values, (value, k) => [across(k), up(value)]);
  drawLine(context, line, colour("forward"), 2);
  context.fillStyle = colour("forward");
  if (values.length <= 40)
    for (const [x, y] of line) {
      context.beginPath();
      context.arc(x, y, 3.5, 0, 2 * Math.PI);
      context.fill();
    }
  context.restore();
}

// A small one, for the ground of the map
function drawTile(context, values, x, y, width, height, alpha) {
  if (isImage) return drawImage(context, values, x, y, width, height, alpha);
  const { low, high } = output;
  const up = (value) => y + height * (0.9 - (0.8 * (value - low)) / (high - low || 1));
  const across = (k) => x + width * (0.1 + (0.8 * k) / Math.max(1, values.length - 1));
  context.globalAlpha = alpha;
  drawLine(context, Array.from(values, (value, k) => [across(k), up(value)]), colour("ink"), 1);
  context.globalAlpha = 1;
}

// All of it: on a canvas as high as what is shown needs
function drawOutput(canvas, values, curves) {
  canvas.style.aspectRatio = aspect;
  const { context, width, height } = sharp(canvas);
  context.fillStyle = colour("paper");
  context.fillRect(0, 0, width, height);
  if (isImage) drawImage(context, values, 0, 0, width, height, 1);
  else if (output.kind === "point") drawPoints(context, { width, height }, values, curves);
  else drawProfile(context, { width, height }, values);
}
