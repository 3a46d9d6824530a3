"""The variances and components of a few samples, to 100 digits: slow, and right at any scale."""

from decimal import Decimal, localcontext
from fractions import Fraction

DIGITS = 100


def covariance(x):
    """Of the rows of x, without rounding."""
    rows = [[Fraction(float(value)) for value in row] for row in x]
    means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    columns = [
        [a - m for a in column] for column, m in zip(zip(*rows, strict=True), means, strict=True)
    ]
    return [
        [sum(map(lambda a, b: a * b, a, b)) / (len(rows) - 1) for b in columns] for a in columns
    ]


def eigen(matrix):
    """Eigenvalues, the largest first, with their vectors: rotations until nothing moves."""
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = DIGITS, -(10**6), 10**6
        a = [[Decimal(v.numerator) / v.denominator for v in row] for row in matrix]
        size = range(len(a))
        vectors = [[Decimal(i == j) for j in size] for i in size]
        moved = True
        while moved:
            moved = False
            for i in size:
                for j in range(i):
                    if a[i][j] ** 2 > abs(a[i][i] * a[j][j]) / 10 ** (DIGITS // 2):
                        rotate(a, vectors, i, j)
                        moved = True
        pairs = [(a[i][i], vectors[i]) for i in size]
        return sorted(pairs, key=lambda pair: -pair[0])


def rotate(a, vectors, i, j):
    zeta = (a[j][j] - a[i][i]) / (2 * a[i][j])
    t = (1 if zeta >= 0 else -1) / (abs(zeta) + (1 + zeta * zeta).sqrt())
    c = 1 / (1 + t * t).sqrt()
    for rows in (a, vectors):
        rows[i], rows[j] = turned(rows[i], rows[j], c, t)
    for row in a:
        row[i], row[j] = (value[0] for value in turned([row[i]], [row[j]], c, t))
    a[i][j] = a[j][i] = Decimal(0)


def turned(p, q, c, t):
    return (
        [c * (x - t * y) for x, y in zip(p, q, strict=True)],
        [c * (y + t * x) for x, y in zip(p, q, strict=True)],
    )


def pca(x):
    """Variances as floats, and components as rows of floats, the largest variance first."""
    pairs = eigen(covariance(x))
    return [float(value) for value, _ in pairs], [[float(v) for v in vector] for _, vector in pairs]
