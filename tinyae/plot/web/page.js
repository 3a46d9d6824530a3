"use strict";
// What all pages share: their data, and numbers as readers like them.

const data = JSON.parse(document.getElementById("data").textContent);
const element = (id) => document.getElementById(id);

// Two or three digits, with a true minus
function said(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e6))
    return value.toExponential(1).replace(/-/g, "−").replace("e+", "e");
  if (size !== 0 && size < 0.0995) return value.toPrecision(2).replace("-", "−");
  return value.toFixed(size < 1000 ? 2 : 0).replace("-", "−");
}
