"""Slow, obvious references in float64: what the library computes, written as it is defined."""

import math

import numpy as np


def product(A, B):
    """The matrix product by its definition."""
    C = np.zeros((A.shape[0], B.shape[1]))
    for i in range(A.shape[0]):
        for j in range(B.shape[1]):
            for k in range(A.shape[1]):
                C[i, j] += float(A[i, k]) * float(B[k, j])
    return C


def sigmoid(z):
    """1 / (1 + e^−z), without overflow."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def softmax(z):
    """e^z / Σ e^z along the last axis, row by row."""
    rows = [np.exp(row - max(row)) for row in z.reshape(-1, z.shape[-1])]
    return np.array([row / sum(row) for row in rows]).reshape(z.shape)


SELU = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717  # λ and α

# name: (formula, slope as a function of the output), with the text that documents each
ACTIVATIONS = {
    "linear": ("z", lambda z: z, "1", lambda a: np.ones_like(a)),
    "relu": (
        "max(z, 0)",
        lambda z: np.maximum(z, 0),
        "1 where a > 0, else 0",
        lambda a: np.where(a > 0, 1.0, 0.0),
    ),
    "leaky_relu": (
        "z where z > 0, else 0.2 z",
        lambda z: np.where(z > 0, z, 0.2 * z),
        "1 where a > 0, else 0.2",
        lambda a: np.where(a > 0, 1.0, 0.2),
    ),
    "elu": (
        "z where z > 0, else e^z − 1",
        lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
        "1 where a > 0, else a + 1",
        lambda a: np.where(a > 0, 1.0, a + 1),
    ),
    "selu": (
        "λ z where z > 0, else λ α (e^z − 1)",
        lambda z: SELU[0] * np.where(z > 0, z, SELU[1] * np.expm1(np.minimum(z, 0))),
        "λ where a > 0, else a + λ α",
        lambda a: np.where(a > 0, SELU[0], a + SELU[0] * SELU[1]),
    ),
    "softplus": (
        "log(1 + e^z)",
        lambda z: np.logaddexp(0, z),
        "1 − e^−a",
        lambda a: 1 - np.exp(-a),
    ),
    "tanh": ("(e^z − e^−z) / (e^z + e^−z)", np.tanh, "1 − a²", lambda a: 1 - a * a),
    "sigmoid": ("1 / (1 + e^−z)", sigmoid, "a (1 − a)", lambda a: a * (1 - a)),
    "softmax": (
        "e^z / Σ e^z, the sum over the last axis",
        softmax,
        "dz = a (dy − Σ dy a)",
        lambda a: None,  # no slope of one number: see `activation_gradient`
    ),
}


def activation(name, z):
    """f(z) in float64."""
    return ACTIVATIONS[name or "linear"][1](np.asarray(z, np.float64))


def activation_gradient(name, a, dy):
    """The gradient for z, from the output a and the gradient for it, in float64."""
    a, dy = np.asarray(a, np.float64), np.asarray(dy, np.float64)
    if name == "softmax":
        return a * (dy - (dy * a).sum(axis=-1, keepdims=True))
    return dy * ACTIVATIONS[name][3](a)


def forward(layer, x):
    """The layer's output by definition, from its settings and weights alone."""
    return FORWARD[type(layer).__name__](layer, np.asarray(x, np.float64))


def _dense(layer, x):
    z = product(x, layer.weights["kernel"])
    if "bias" in layer.weights:
        for row in z:
            for j, b in enumerate(layer.weights["bias"]):
                row[j] += b
    return activation(layer.activation, z)


def _reshape(layer, x):
    rows = [[sample[i] for i in np.ndindex(sample.shape)] for sample in x]
    return np.array(rows).reshape(len(x), *layer.output_shape)


def _sequential(layer, x):
    for inner in layer.layers:
        x = forward(inner, x)
    return x


def _zeros_before(layer, window, sizes, windows):
    """Down and to the right, for that many windows over sides of those sizes."""
    if layer.padding == "valid":
        return 0, 0
    sides = zip(sizes, windows, window, layer.strides, strict=True)
    return tuple(max((m - 1) * s + k - size, 0) // 2 for size, m, k, s in sides)


def _taps(layer, window, small, large):
    """Which pixel (i, j) of the smaller image meets which pixel of the larger under tap (u, v)."""
    top, left = _zeros_before(layer, window, large, small)
    for i, j, u, v in np.ndindex(*small, *window):
        row, column = i * layer.strides[0] + u - top, j * layer.strides[1] + v - left
        if 0 <= row < large[0] and 0 <= column < large[1]:
            yield i, j, u, v, row, column


def _conv2d(layer, x):
    W, z = layer.weights["kernel"].astype(float), np.zeros((len(x), *layer.output_shape))
    for i, j, u, v, row, column in _taps(layer, layer.kernel_size, z.shape[1:3], x.shape[1:3]):
        z[:, i, j] += product(x[:, row, column], W[u, v])
    return activation(layer.activation, z + layer.weights.get("bias", 0))


def _conv2d_transpose(layer, x):
    W, z = layer.weights["kernel"].astype(float), np.zeros((len(x), *layer.output_shape))
    for i, j, u, v, row, column in _taps(layer, layer.kernel_size, x.shape[1:3], z.shape[1:3]):
        z[:, row, column] += product(x[:, i, j], W[u, v].T)
    return activation(layer.activation, z + layer.weights.get("bias", 0))


def _pooling(reduce):
    def forward(layer, x):
        y = np.empty((len(x), *layer.output_shape))
        under: dict[tuple[int, int], list] = {}
        for i, j, _, _, row, column in _taps(layer, layer.pool_size, y.shape[1:3], x.shape[1:3]):
            under.setdefault((i, j), []).append(x[:, row, column])
        for (i, j), pixels in under.items():
            y[:, i, j] = reduce(pixels, axis=0)
        return y

    return forward


def _upsampling(layer, x):
    y = np.empty((len(x), *layer.output_shape))
    for i, j in np.ndindex(y.shape[1:3]):
        y[:, i, j] = x[:, i // layer.size[0], j // layer.size[1]]
    return y


def _zero_padding(layer, x):
    return np.pad(x, ((0, 0), *layer.padding, (0, 0)))


def _cropping(layer, x):
    (top, bottom), (left, right) = layer.cropping
    return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right]


def _zeros_first(layer, window, size, windows):
    """Before a sequence of that size, for that many windows."""
    if layer.padding == "valid":
        return 0
    return max((windows - 1) * layer.strides + window - size, 0) // 2


def _conv1d(layer, x):
    W, y = layer.weights["kernel"].astype(float), np.zeros((len(x), *layer.output_shape))
    first = _zeros_first(layer, layer.kernel_size, x.shape[1], y.shape[1])
    for i, v in np.ndindex(y.shape[1], layer.kernel_size):
        if 0 <= (place := i * layer.strides + v - first) < x.shape[1]:
            y[:, i] += product(x[:, place], W[v])
    return activation(layer.activation, y + layer.weights.get("bias", 0))


def _conv1d_transpose(layer, x):
    W, y = layer.weights["kernel"].astype(float), np.zeros((len(x), *layer.output_shape))
    first = _zeros_first(layer, layer.kernel_size, y.shape[1], x.shape[1])
    for i, v in np.ndindex(x.shape[1], layer.kernel_size):
        if 0 <= (place := i * layer.strides + v - first) < y.shape[1]:
            y[:, place] += product(x[:, i], W[v].T)
    return activation(layer.activation, y + layer.weights.get("bias", 0))


def _pooling1d(reduce):
    def forward(layer, x):
        y = np.empty((len(x), *layer.output_shape))
        first = _zeros_first(layer, layer.pool_size, x.shape[1], y.shape[1])
        for i in range(y.shape[1]):
            start = i * layer.strides - first
            y[:, i] = reduce(x[:, max(0, start) : start + layer.pool_size], axis=1)
        return y

    return forward


# One line for each kind of layer; CONTRIBUTING.md shows one for a new kind
FORWARD = {
    "Dense": _dense,
    "Activation": lambda layer, x: activation(layer.activation, x),
    "Flatten": _reshape,
    "Reshape": _reshape,
    "Sequential": _sequential,
    "Conv2D": _conv2d,
    "Conv2DTranspose": _conv2d_transpose,
    "MaxPooling2D": _pooling(np.max),
    "AveragePooling2D": _pooling(np.mean),
    "UpSampling2D": _upsampling,
    "ZeroPadding2D": _zero_padding,
    "Cropping2D": _cropping,
    "Conv1D": _conv1d,
    "Conv1DTranspose": _conv1d_transpose,
    "MaxPooling1D": _pooling1d(np.max),
    "AveragePooling1D": _pooling1d(np.mean),
    "UpSampling1D": lambda layer, x: np.repeat(x, layer.size, axis=1),
    "Dropout": lambda layer, x: x,  # active in training only
    "GaussianNoise": lambda layer, x: x,
    "SaltAndPepper": lambda layer, x: x,
    "Tied": lambda layer, x: forward(layer.untied(), x),  # whose own line has the definition
    "TopK": lambda layer, x: largest(x, layer.k),
    "Variational": lambda layer, x: x[..., : x.shape[-1] // 2],  # the mean
    "Masking": lambda layer, x: x,
    "Contractive": lambda layer, x: x,
    "Rescaling": lambda layer, x: layer.scale * x + layer.offset,
}


def largest(x, k):
    """The k largest along the last axis, by sorting; of equal ones the first."""
    y = np.zeros(x.shape)
    for place in np.ndindex(x.shape[:-1]):
        row = x[place]
        for j in sorted(range(len(row)), key=lambda j: (-row[j], j))[:k]:
            y[place][j] = row[j]
    return y


def mse(y, x):
    """The mean over every element of (y − x)²."""
    return sum((a - b) ** 2 for a, b in zip(y.ravel(), x.ravel(), strict=True)) / y.size


def bce(y, x):
    """The mean over every element of −x log p − (1 − x) log(1 − p), p = y clipped."""
    total = 0.0
    for a, b in zip(y.ravel(), x.ravel(), strict=True):
        p = min(max(float(a), 1e-7), 1 - 1e-7)
        total -= b * math.log(p) + (1 - b) * math.log1p(-p)
    return total / y.size


def bce_from_logits(z, x):
    """Binary cross-entropy of sigmoid(z): log(1 + e^z) − z x, term by term, without overflow."""
    total = 0.0
    for a, b in zip(z.ravel().tolist(), x.ravel().tolist(), strict=True):
        total += max(a, 0.0) + math.log1p(math.exp(-abs(a))) - a * b
    return total / z.size


def mae(y, x):
    """The mean over every element of |y − x|."""
    return sum(abs(a - b) for a, b in zip(y.ravel(), x.ravel(), strict=True)) / y.size


def huber(y, x, delta=1.0):
    """The mean over every element of d²/2 or δ (|d| − δ/2)."""
    sizes = [abs(a - b) for a, b in zip(y.ravel().tolist(), x.ravel().tolist(), strict=True)]
    return sum(d * d / 2 if d <= delta else delta * (d - delta / 2) for d in sizes) / y.size


def categorical(y, x):
    """−Σ x log p over the last axis, p = y clipped, the mean over the rest."""
    total, k = 0.0, y.shape[-1]
    for a, b in zip(y.reshape(-1, k).tolist(), x.reshape(-1, k).tolist(), strict=True):
        total -= sum(t * math.log(min(max(p, 1e-7), 1 - 1e-7)) for p, t in zip(a, b, strict=True))
    return total / (y.size // k)


def categorical_from_logits(z, x):
    """The same of p = softmax(z), not clipped."""
    total, k = 0.0, z.shape[-1]
    for a, b in zip(z.reshape(-1, k).tolist(), x.reshape(-1, k).tolist(), strict=True):
        most = max(a)
        log = most + math.log(math.fsum(math.exp(each - most) for each in a))
        total += sum(t * (log - each) for each, t in zip(a, b, strict=True))
    return total / (z.size // k)


def penalty(a, l1, l2):
    """λ₁ Σ|a| + λ₂ Σa², divided by the number of samples."""
    return sum(l1 * abs(v) + l2 * v * v for v in np.asarray(a, np.float64).ravel()) / len(a)


def adam(theta, gradients, alpha=1e-3, beta_1=0.9, beta_2=0.999, epsilon=1e-7, decay=0.0):
    """θ after one step for each gradient, Keras's form; alpha may be one number for each step."""
    theta = np.array(theta, np.float64)
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(np.asarray(gradients, np.float64), start=1):
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        rate = np.broadcast_to(alpha, len(gradients))[t - 1]
        theta = theta - rate * decay * theta
        rate = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
        theta = theta - rate * m / (np.sqrt(v) + epsilon)
    return theta


def sgd(theta, gradients, alpha=0.01, momentum=0.0, decay=0.0):
    """θ after one step for each gradient; alpha may be one number for each step."""
    theta = np.array(theta, np.float64)
    velocity = np.zeros_like(theta)
    for t, g in enumerate(np.asarray(gradients, np.float64)):
        rate = np.broadcast_to(alpha, len(gradients))[t]
        velocity = momentum * velocity - rate * g
        theta = theta - rate * decay * theta + velocity
    return theta


def numeric_gradient(value, array, step=1e-6):
    """Central differences of `value()` for every element of a float64 array, changed in place."""
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        kept = array[index]
        array[index] = kept + step
        above = value()
        array[index] = kept - step
        below = value()
        array[index] = kept
        gradient[index] = (above - below) / (2 * step)
    return gradient
