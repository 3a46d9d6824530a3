/* What each primitive step computes for one sample, from x into y. Images are (height, width,
   channels), the last index running fastest. Where there is no `restrict`, y may be x. */

static void copy(const float *x, size_t count, float *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = x[i];
}

static void clear(float *y, size_t count)
{
    for (size_t i = 0; i < count; i++)
        y[i] = 0;
}

/* y += x W: W is (inputs, units); four of its rows together, to read and write y less often */
static void add_product(const float *restrict x, size_t inputs,
                        const float *restrict W, size_t units, float *restrict y)
{
    for (; inputs >= 4; inputs -= 4, x += 4, W += 4 * units)
        for (size_t j = 0; j < units; j++)
            y[j] += x[0] * W[j] + x[1] * W[units + j]
                    + x[2] * W[2 * units + j] + x[3] * W[3 * units + j];
    for (; inputs > 0; inputs--, x++, W += units)
        for (size_t j = 0; j < units; j++)
            y[j] += x[0] * W[j];
}

/* y = x W, for each row of x */
static void product(const float *x, size_t rows, size_t inputs,
                    const float *W, size_t units, float *y)
{
    clear(y, rows * units);
    for (size_t i = 0; i < rows; i++)
        add_product(x + i * inputs, inputs, W, units, y + i * units);
}

/* y = x + b, for each row of x */
static void add_bias(const float *x, size_t rows, size_t units, const float *b, float *y)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < units; j++)
            y[i * units + j] = x[i * units + j] + b[j];
}

/* y = x s, number by number */
static void scale(const float *x, size_t count, const float *s, float *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = x[i] * s[i];
}

/* y = factor x + offset */
static void rescale(const float *x, size_t count, float factor, float offset, float *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = factor * x[i] + offset;
}

/* The first so many numbers of each row */
static void head(const float *x, size_t rows, size_t width, size_t count, float *y)
{
    for (size_t i = 0; i < rows; i++)
        copy(x + i * width, count, y + i * count);
}

/* The so many largest numbers of each row, of equal ones the first; 0 in place of others */
static void largest(const float *x, size_t rows, size_t width, size_t count, float *y)
{
    for (size_t i = 0; i < rows; i++, x += width, y += width) {
        size_t last = 0;
        for (size_t j = 0; j < width; j++)
            y[j] = 0;
        for (size_t taken = 0; taken < count; taken++) {
            size_t best = width;
            for (size_t j = 0; j < width; j++)
                if ((taken == 0 || x[j] < x[last] || (x[j] == x[last] && j > last)) &&
                    (best == width || x[j] > x[best]))
                    best = j;
            if (best == width) /* NaN */
                break;
            y[best] = x[best];
            last = best;
        }
    }
}

static void apply_relu(const float *x, size_t count, float *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = x[i] < 0 ? 0 : x[i];
}

static void apply_leaky_relu(const float *x, size_t count, float *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = x[i] > 0 ? x[i] : 0.2f * x[i];
}

static void apply_elu(const float *x, size_t count, float *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = x[i] < 0 ? expm1f(x[i]) : x[i];
}

static void apply_selu(const float *x, size_t count, float *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = 1.0507009873554805f * (x[i] > 0 ? x[i] : 1.6732632423543772f * expm1f(x[i]));
}

/* log(1 + e^x); the exponential never overflows */
static void apply_softplus(const float *x, size_t count, float *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = (x[i] > 0 ? x[i] : 0) + log1pf(expf(-fabsf(x[i])));
}

static void apply_tanh(const float *x, size_t count, float *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = tanhf(x[i]);
}

/* 1 / (1 + e^-x); the exponential never overflows */
static void apply_sigmoid(const float *x, size_t count, float *y)
{
    for (size_t i = 0; i < count; i++) {
        float e = expf(-fabsf(x[i]));
        y[i] = (x[i] >= 0 ? 1 : e) / (1 + e);
    }
}

/* e^x / the sum of e^x, for each row of x; the exponential never overflows */
static void apply_softmax(const float *x, size_t rows, size_t units, float *y)
{
    for (size_t i = 0; i < rows; i++, x += units, y += units) {
        float largest = x[0], sum = 0;
        for (size_t j = 0; j < units; j++)
            largest = x[j] > largest ? x[j] : largest;
        for (size_t j = 0; j < units; j++) {
            y[j] = expf(x[j] - largest);
            sum += y[j];
        }
        for (size_t j = 0; j < units; j++)
            y[j] /= sum;
    }
}

/* Of each row of x the columns that are listed */
static void take_columns(const float *restrict x, size_t rows, size_t units,
                         const size_t *columns, size_t count, float *restrict y)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < count; j++)
            y[i * count + j] = x[i * units + columns[j]];
}

/* And back to where they were */
static void put_columns(const float *restrict x, size_t rows, size_t units,
                        const size_t *columns, size_t count, float *restrict y)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < count; j++)
            y[i * units + columns[j]] = x[i * count + j];
}

/* The image with rows and columns of `value` around it */
static void pad(const float *restrict x, size_t height, size_t width, size_t channels,
                size_t top, size_t bottom, size_t left, size_t right, float value,
                float *restrict y)
{
    size_t across = left + width + right;
    for (size_t i = 0; i < (top + height + bottom) * across * channels; i++)
        y[i] = value;
    for (size_t i = 0; i < height; i++)
        copy(x + i * width * channels, width * channels,
             y + ((top + i) * across + left) * channels);
}

/* Of the image so many rows and columns, from the first on */
static void crop(const float *restrict x, size_t width, size_t channels,
                 size_t first_row, size_t rows, size_t first_column, size_t columns,
                 float *restrict y)
{
    for (size_t i = 0; i < rows; i++)
        copy(x + ((first_row + i) * width + first_column) * channels, columns * channels,
             y + i * columns * channels);
}

/* A convolution: W is (rows, columns, channels, filters). What a window sees in one row of the
   image lies in one piece, and so do the weights for it. */
static void window_product(const float *x, size_t height, size_t width, size_t channels,
                           const float *W, size_t rows, size_t columns, size_t filters,
                           size_t down, size_t right, float *y)
{
    for (size_t i = 0; i + rows <= height; i += down)
        for (size_t j = 0; j + columns <= width; j += right, y += filters) {
            clear(y, filters);
            for (size_t u = 0; u < rows; u++)
                add_product(x + ((i + u) * width + j) * channels, columns * channels,
                            W + u * columns * channels * filters, filters, y);
        }
}

/* A transposed convolution: each pixel adds its product to y under a window. W is (rows, channels,
   columns, filters), so that what goes to one row of y lies in one piece. */
static void window_product_transposed(const float *x, size_t height, size_t width,
                                      size_t channels, const float *W, size_t rows,
                                      size_t columns, size_t filters, size_t down,
                                      size_t right, float *y)
{
    size_t across = (width - 1) * right + columns;
    clear(y, ((height - 1) * down + rows) * across * filters);
    for (size_t i = 0; i < height; i++)
        for (size_t j = 0; j < width; j++, x += channels)
            for (size_t u = 0; u < rows; u++)
                add_product(x, channels, W + u * channels * columns * filters, columns * filters,
                            y + ((i * down + u) * across + j * right) * filters);
}

/* The largest number under each window */
static void max_pool(const float *x, size_t height, size_t width, size_t channels,
                     size_t rows, size_t columns, size_t down, size_t right, float *y)
{
    for (size_t i = 0; i + rows <= height; i += down)
        for (size_t j = 0; j + columns <= width; j += right)
            for (size_t c = 0; c < channels; c++, y++) {
                *y = -INFINITY;
                for (size_t u = i; u < i + rows; u++)
                    for (size_t v = j; v < j + columns; v++) {
                        float seen = x[(u * width + v) * channels + c];
                        *y = seen > *y ? seen : *y;
                    }
            }
}

/* The mean of the real pixels under each window, which may stand over the image's edge */
static void average_pool(const float *x, size_t height, size_t width, size_t channels,
                         size_t rows, size_t columns, size_t down, size_t right,
                         size_t top, size_t bottom, size_t left, size_t behind, float *y)
{
    for (size_t i = 0; i + rows <= top + height + bottom; i += down)
        for (size_t j = 0; j + columns <= left + width + behind; j += right)
            for (size_t c = 0; c < channels; c++, y++) {
                float sum = 0, count = 0;
                for (size_t u = i; u < i + rows; u++)
                    for (size_t v = j; v < j + columns; v++)
                        if (u >= top && u < top + height && v >= left && v < left + width) {
                            sum += x[((u - top) * width + v - left) * channels + c];
                            count++;
                        }
                *y = sum / count;
            }
}

/* Every pixel so many times, down and to the right */
static void repeat(const float *x, size_t height, size_t width, size_t channels,
                   size_t down, size_t right, float *y)
{
    for (size_t i = 0; i < height * down; i++)
        for (size_t j = 0; j < width * right; j++, y += channels)
            copy(x + (i / down * width + j / right) * channels, channels, y);
}
