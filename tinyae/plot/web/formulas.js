"use strict";
// Each number with its formula: first in letters, then in figures. Subscripts stand in _{ }.

const figure = (value) => (value < 0 ? `(${said(value)})` : said(value));
const sum = (terms) => terms.join(" + ") || "0";
const range = (list) => list.map((_, k) => k);

// What layer i takes
const inputOf = (i) => (i ? data.layers[i - 1].y : data.x);

// y of unit j, from x
function forwardOf(i, j) {
  const { connections, y, forward } = data.layers[i];
  const x = inputOf(i);
  if (!connections) {
    const same = x.length === y.length ? [`x_{${j + 1}} = ${said(x[j])}`] : [];
    return [...same, `y_{${j + 1}} = ${said(y[j])}, by ${forward}`];
  }
  const { kernel, bias, z, activation, rows } = connections;
  const letters = range(x).map((k) => `x_{${k + 1}} W_{${k + 1},${j + 1}}`);
  const figures = range(x).map((k) => `${figure(x[k])} · ${figure(kernel[k][j])}`);
  if (bias) {
    letters.push(`b_{${j + 1}}`);
    figures.push(figure(bias[j]));
  }
  const value = said(y[j]);
  let last = `y_{${j + 1}} = ${activation}(z_{${j + 1}}) = ${activation}(${said(z[j])}) = ${value}`;
  if (activation === "linear") last = `y_{${j + 1}} = z_{${j + 1}} = ${value}`;
  if (rows) last = `y_{${j + 1}} = ${activation}(z_{1}, …, z_{${z.length}})_{${j + 1}} = ${value}`;
  return [`z_{${j + 1}} = ${sum(letters)}`, `= ${sum(figures)} = ${said(z[j])}`, last];
}

// dz of unit j, and the gradients of its weights
function backwardOf(i, j) {
  const { connections, y, dy, backward } = data.layers[i];
  if (!connections) return [`dy_{${j + 1}} = ${said(dy[j])}; ${backward}`];
  const { kernel_gradient, bias_gradient, dz, slope, rows } = connections;
  const x = inputOf(i);
  let figures = slope
    .replace(/\bdy\b/g, figure(dy[j]))
    .replace(/\by\b/g, figure(y[j]))
    .replace(/([\d)]) (?=[\d(])/g, "$1 · ");
  if (rows) figures = "…"; // of all units together
  const letters = rows ? slope : slope.replace(/\bd?y\b/g, `$&_{${j + 1}}`);
  const value = said(dz[j]);
  const lines = [`dz_{${j + 1}} = ${letters}`, slope === "dy" ? `= ${value}` : `= ${figures} = ${value}`];
  for (const k of range(x)) {
    const to = `${k + 1},${j + 1}`;
    const [product, all] = [x[k] * dz[j], kernel_gradient[k][j]];
    const figures = `${figure(x[k])} · ${figure(dz[j])} = ${said(product)}`;
    const more = Math.abs(all - product) > 1e-5 * (Math.abs(product) + 1e-5);
    const penalty = more ? `, with the penalty on W ${said(all)}` : "";
    lines.push(`dW_{${to}} = x_{${k + 1}} dz_{${j + 1}} = ${figures}${penalty}`);
  }
  if (bias_gradient) lines.push(`db_{${j + 1}} = dz_{${j + 1}} = ${said(bias_gradient[j])}`);
  return lines;
}

// dx of unit k of what layer i takes
function handedBackOf(i, k) {
  const { connections, dx } = data.layers[i];
  if (!connections) return [`dx_{${k + 1}} = ${said(dx[k])}`];
  const { kernel, dz } = connections;
  const letters = range(dz).map((j) => `dz_{${j + 1}} W_{${k + 1},${j + 1}}`);
  const figures = range(dz).map((j) => `${figure(dz[j])} · ${figure(kernel[k][j])}`);
  return [`dx_{${k + 1}} = ${sum(letters)}`, `= ${sum(figures)} = ${said(dx[k])}`];
}

// The loss, and the gradient that it starts with at output j
function lossOf(j) {
  const last = data.layers.at(-1);
  const { reconstruction, penalty, loss, target } = data;
  const total = penalty
    ? `${said(reconstruction)} + penalty ${said(penalty)} = ${said(reconstruction + penalty)}`
    : said(reconstruction);
  return {
    forward: [
      `y_{${j + 1}} = ${said(last.y[j])}, t_{${j + 1}} = ${said(target[j])}`,
      `loss = ${loss.forward}`,
      `= ${total}`,
    ],
    backward: [`${loss.backward}`, `dy_{${j + 1}} = ${said(last.dy[j])}`],
  };
}
