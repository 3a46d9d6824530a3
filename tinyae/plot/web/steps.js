"use strict";
// A decoder as the page runs it: one function for each primitive step of tinyae/layers/steps.py.
//
// A step takes one sample h = { values, shape }, a vector (features) or an image (height, width,
// channels) in C order, and gives the next. Weights come unpacked, as { values, shape } too.

// Arrays that Python has packed: the numbers, divided by a scale, in base64

function unpack({ base64, bits, scale, shape }) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  const values =
    bits === 16
      ? Float32Array.from(new Uint16Array(bytes.buffer), (half) => HALVES[half])
      : new Float32Array(bytes.buffer);
  if (scale !== 1) for (let i = 0; i < values.length; i++) values[i] *= scale;
  return { values, shape };
}

// Every number of 16 bits, by its bits
const HALVES = new Float32Array(65536);
for (let bits = 0; bits < 65536; bits++) {
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  const size = exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14;
  HALVES[bits] = bits & 0x8000 ? -size : size;
}

const elu = (z) => (z < 0 ? Math.expm1(z) : z);

// Number by number
const ACTIVATIONS = {
  relu: (z) => (z < 0 ? 0 : z),
  leaky_relu: (z) => (z > 0 ? z : 0.2 * z),
  elu,
  selu: (z) => 1.0507009873554805 * (z < 0 ? 1.6732632423543772 * elu(z) : z),
  softplus: (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))),
  tanh: Math.tanh,
  sigmoid: (z) => 1 / (1 + Math.exp(-z)),
};

// Row by row: an output depends on all of its row
const OF_ROWS = {
  softmax(row) {
    const most = row.reduce((a, b) => Math.max(a, b));
    const powers = row.map((z) => Math.exp(z - most));
    const total = powers.reduce((a, b) => a + b);
    return powers.map((power) => power / total);
  },
};

// What a window of this size sees: how many of them fit into the image, down and across
const places = (size, window, stride) => Math.floor((size - window) / stride) + 1;

// Nearly all the time goes into these two: y + a row of numbers times a factor, and Σ a b

function addRow(y, at, factor, row, from, count) {
  for (let k = 0; k < count; k++) y[at + k] += factor * row[from + k];
}

function dot(a, i, b, j, count) {
  let [s, t, u, v] = [0, 0, 0, 0]; // four sums do not wait for each other
  let k = 0;
  for (; k + 3 < count; k += 4) {
    s += a[i + k] * b[j + k];
    t += a[i + k + 1] * b[j + k + 1];
    u += a[i + k + 2] * b[j + k + 2];
    v += a[i + k + 3] * b[j + k + 3];
  }
  for (; k < count; k++) s += a[i + k] * b[j + k];
  return s + t + u + v;
}

// The weight (rows, columns, in, out) of a window as (out, rows, columns, in), arranged once
function byOutput(weight) {
  if (!weight.byOutput) {
    const outputs = weight.shape[3];
    const inside = weight.values.length / outputs;
    weight.byOutput = weight.values.map(
      (_, k, values) => values[(k % inside) * outputs + Math.floor(k / inside)],
    );
  }
  return weight.byOutput;
}

function pooled({ values, shape }, size, strides, start, combine) {
  const [height, width, channels] = shape;
  const rows = places(height, size[0], strides[0]);
  const columns = places(width, size[1], strides[1]);
  const y = new Float32Array(rows * columns * channels).fill(start);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++)
      for (let u = 0; u < size[0]; u++)
        for (let v = 0; v < size[1]; v++) {
          const from = ((i * strides[0] + u) * width + j * strides[1] + v) * channels;
          const at = (i * columns + j) * channels;
          for (let c = 0; c < channels; c++) y[at + c] = combine(y[at + c], values[from + c]);
        }
  return { values: y, shape: [rows, columns, channels] };
}

const STEPS = {
  Product({ values, shape }, { weight }) {
    const [inputs, outputs] = weight.shape;
    const y = new Float32Array((values.length / inputs) * outputs);
    for (let k = 0; k < values.length; k++)
      if (values[k] !== 0) {
        const at = Math.floor(k / inputs) * outputs;
        addRow(y, at, values[k], weight.values, (k % inputs) * outputs, outputs);
      }
    return { values: y, shape: [...shape.slice(0, -1), outputs] };
  },

  Bias({ values, shape }, { weight }) {
    const b = weight.values;
    return { values: values.map((value, k) => value + b[k % b.length]), shape };
  },

  Head({ values, shape }, { size }) {
    const width = shape[shape.length - 1];
    return { values: values.filter((_, k) => k % width < size), shape: [...shape.slice(0, -1), size] };
  },

  Largest({ values, shape }, { k }) {
    const width = shape[shape.length - 1];
    const y = new Float32Array(values.length);
    for (let first = 0; first < values.length; first += width) {
      const places = Array.from({ length: width }, (_, j) => first + j);
      places.sort((a, b) => values[b] - values[a] || a - b);
      for (const place of places.slice(0, k)) y[place] = values[place];
    }
    return { values: y, shape };
  },

  Scale({ values, shape }, { weight }) {
    return { values: values.map((value, k) => value * weight.values[k]), shape };
  },

  Rescale({ values, shape }, { scale, offset }) {
    return { values: values.map((value) => scale * value + offset), shape };
  },

  Apply({ values, shape }, { activation }) {
    const f = ACTIVATIONS[activation];
    if (f) return { values: values.map((value) => f(value)), shape };
    const y = new Float32Array(values.length);
    const wide = shape[shape.length - 1];
    for (let at = 0; at < values.length; at += wide)
      y.set(OF_ROWS[activation](values.subarray(at, at + wide)), at);
    return { values: y, shape };
  },

  Reshape({ values }, { shape }) {
    return { values, shape };
  },

  Pad({ values, shape }, { rows, columns, value }) {
    const [height, width, channels] = shape;
    const wide = columns[0] + width + columns[1];
    const high = rows[0] + height + rows[1];
    const y = new Float32Array(high * wide * channels).fill(Number(value));
    for (let i = 0; i < height; i++) {
      const row = values.subarray(i * width * channels, (i + 1) * width * channels);
      y.set(row, ((rows[0] + i) * wide + columns[0]) * channels);
    }
    return { values: y, shape: [high, wide, channels] };
  },

  Crop({ values, shape }, { rows, columns }) {
    const [, width, channels] = shape;
    const y = new Float32Array(rows[1] * columns[1] * channels);
    for (let i = 0; i < rows[1]; i++) {
      const from = ((rows[0] + i) * width + columns[0]) * channels;
      y.set(values.subarray(from, from + columns[1] * channels), i * columns[1] * channels);
    }
    return { values: y, shape: [rows[1], columns[1], channels] };
  },

  WindowProduct({ values, shape }, { weight, strides }) {
    const [, width, inputs] = shape;
    const [high, wide, , outputs] = weight.shape;
    const rows = places(shape[0], high, strides[0]);
    const columns = places(width, wide, strides[1]);
    const taps = byOutput(weight);
    const row = wide * inputs; // of a window: one stretch of the image's
    const y = new Float32Array(rows * columns * outputs);
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++)
        for (let o = 0; o < outputs; o++) {
          let sum = 0;
          for (let u = 0; u < high; u++) {
            const from = ((i * strides[0] + u) * width + j * strides[1]) * inputs;
            sum += dot(values, from, taps, (o * high + u) * row, row);
          }
          y[(i * columns + j) * outputs + o] = sum;
        }
    return { values: y, shape: [rows, columns, outputs] };
  },

  WindowProductTransposed({ values, shape }, { weight, strides }) {
    const [height, width, inputs] = shape;
    const [high, wide, outputs] = weight.shape;
    const columns = (width - 1) * strides[1] + wide;
    const rows = (height - 1) * strides[0] + high;
    const y = new Float32Array(rows * columns * outputs);
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++)
        for (let u = 0; u < high; u++)
          for (let k = 0; k < wide * outputs; k++) {
            const at = ((i * strides[0] + u) * columns + j * strides[1]) * outputs + k;
            const tap = (u * wide * outputs + k) * inputs;
            y[at] += dot(values, (i * width + j) * inputs, weight.values, tap, inputs);
          }
    return { values: y, shape: [rows, columns, outputs] };
  },

  MaxPool(h, { size, strides }) {
    return pooled(h, size, strides, -Infinity, Math.max);
  },

  AveragePool(h, { size, strides, rows, columns }) {
    const ones = { values: new Float32Array(h.values.length).fill(1), shape: h.shape };
    const [sum, count] = [h, ones].map((image) =>
      pooled(STEPS.Pad(image, { rows, columns, value: 0 }), size, strides, 0, (a, b) => a + b),
    );
    return { ...sum, values: sum.values.map((value, k) => value / count.values[k]) };
  },

  Repeat({ values, shape }, { rows, columns }) {
    const [height, width, channels] = shape;
    const y = new Float32Array(values.length * rows * columns);
    const wide = width * columns * channels;
    for (let i = 0; i < height * rows; i++)
      for (let j = 0; j < width * columns; j++) {
        const from = (Math.floor(i / rows) * width + Math.floor(j / columns)) * channels;
        y.set(values.subarray(from, from + channels), i * wide + j * channels);
      }
    return { values: y, shape: [height * rows, width * columns, channels] };
  },
};

// Columns that the loss takes as logits, along the last axis: what the model gives for them
function read({ values, shape }, { activation, columns }) {
  const y = values.slice();
  for (let at = 0; at < y.length; at += shape[shape.length - 1]) {
    const part = { values: Float32Array.from(columns, (c) => values[at + c]), shape: [columns.length] };
    STEPS.Apply(part, { activation }).values.forEach((value, k) => (y[at + columns[k]] = value));
  }
  return { values: y, shape };
}

// The decoder of the page's data, with its weights unpacked
function readDecoder({ shape, steps, readings }) {
  const ready = steps.map((step) => (step.weight ? { ...step, weight: unpack(step.weight) } : step));
  return (code) => {
    const start = { values: Float32Array.from(code), shape };
    return readings.reduce(read, ready.reduce((h, step) => STEPS[step.step](h, step), start)).values;
  };
}
