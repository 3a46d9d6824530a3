"use strict";
// The map of codes: what they decode to as the ground, points before it, a ring where we are.
// Ground and points are kept as layers and only copied when the ring moves.

const map = document.getElementById("map");
const ground = document.createElement("canvas");
const points = document.createElement("canvas");
const MOST_TILES = 24; // in a row
const strip = data.ways[0].names.length === 1; // codes of one number
const film = strip && output.kind !== "point" ? 60 : 0; // height of the images below codes of one number
let box; // [left, top, right, bottom] of the map within its scales, in pixels of CSS
let tiles = []; // that wait to be decoded

function measureMap() {
  const { width, height } = sharp(map);
  box = [strip ? 1 : 40, 1, width - 1, height - 24 - film];
  for (const layer of [ground, points]) [layer.width, layer.height] = [map.width, map.height];
}

// A layer's context, in pixels of CSS, clipped to what lies within a box
function within([left, top, right, bottom], layer, paint) {
  const context = layer.getContext("2d");
  const ratio = map.width / map.clientWidth;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.save();
  context.beginPath();
  context.rect(left, top, right - left, bottom - top);
  context.clip();
  paint(context);
  context.restore();
}

const acrossAt = (share) => box[0] + share * (box[2] - box[0]);
const upAt = (share) => box[3] - share * (box[3] - box[1]);

// As many images as take about a second
function planTiles() {
  tiles = [];
  if (output.kind === "point") return;
  const [wide, high] = [box[2] - box[0], box[3] - box[1]];
  const most = Math.min(MOST_TILES, Math.sqrt(1000 / Math.max(milliseconds, 0.1)), wide / 24);
  const columns = Math.max(5, Math.round(strip ? wide / (film * aspect) : most));
  const width = wide / columns;
  const rows = strip ? 1 : Math.max(1, Math.round((high * aspect) / width));
  const height = strip ? film - 4 : high / rows;
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) {
      const at = [...place];
      at[axes[0]] = numberAt((j + 0.5) / columns, axes[0]);
      if (!strip) at[axes[1]] = numberAt(1 - (i + 0.5) / rows, axes[1]);
      const y = strip ? box[3] + 4 : box[1] + i * height;
      tiles.push({ at, x: box[0] + j * width, y, width, height });
    }
}

// Some of them, then again when the browser has drawn
function decodeTiles() {
  const start = performance.now();
  const whole = [0, 0, map.clientWidth, map.clientHeight];
  within(whole, ground, (context) => {
    while (tiles.length && performance.now() - start < 12) {
      const { at, x, y, width, height } = tiles.shift();
      context.clearRect(x, y, width, height);
      drawTile(context, decode(codeAt(at)), x, y, width, height, strip ? 1 : 0.4);
    }
  });
  drawMap();
  if (tiles.length) requestAnimationFrame(decodeTiles);
}

function drawGround() {
  const waiting = tiles.length > 0;
  planTiles();
  if (tiles.length && !waiting) requestAnimationFrame(decodeTiles);
}

function drawCodes() {
  const count = data.index.length;
  const radius = Math.min(4.5, Math.max(1.7, 90 / Math.sqrt(count)));
  points.getContext("2d").clearRect(0, 0, points.width, points.height);
  within(box, points, (context) => {
    context.strokeStyle = colour("paper");
    context.lineWidth = radius > 2.5 ? 1 : 0.6;
    for (let k = 0; k < count; k++) {
      const label = data.index[k];
      if (hidden.has(label)) continue;
      const up = strip ? 1 - data.rows[k] : way.points[k * way.count + axes[1]];
      context.fillStyle = data.colours[label % data.colours.length];
      const marker = data.markers[Math.floor(label / data.colours.length)];
      drawMarker(context, marker, acrossAt(way.points[k * way.count + axes[0]]), upAt(up), radius);
    }
  });
}

function drawMap() {
  const { context, width, height } = sharp(map);
  context.fillStyle = colour("paper");
  context.fillRect(0, 0, width, height);
  for (const layer of [ground, points]) context.drawImage(layer, 0, 0, width, height);
  const frame = [box[0], box[1], box[2], box[3] + film];
  const range = (d) => [way.low[d], way.high[d]];
  drawScales(context, frame, range(axes[0]), strip ? [0, 0] : range(axes[1]));
  const x = acrossAt(shareOf(place[axes[0]], axes[0]));
  if (strip) drawLine(context, [[x, frame[1]], [x, frame[3]]], colour("ink"), 2.5);
  drawRing(context, x, strip ? (box[1] + box[3]) / 2 : upAt(shareOf(place[axes[1]], axes[1])));
}
