// Convolution by a 1 x 1 kernel: a product of matrices an image, whose columns are pixels.
//
// Every product is added to the last sum in the order of the channels, with one rounding, in chains of CHAIN: the order
// of oneDNN in PyTorch, to the same bits for many shapes.
#pragma once

namespace kernels {

constexpr int ROWS = LANES == 16 ? 12 : 5, COLUMN_VECTORS = 2, COLUMNS = COLUMN_VECTORS * LANES;
constexpr long CHAIN = 256;

// A matrix (rows, depth) as blocks of ROWS rows, (ceil(rows / ROWS), depth, ROWS), the last one filled up with zeros.
inline void pack(const float* from, long rows, long depth, long row_step, long depth_step, float* packed) {
    #pragma omp parallel for
    for (long block = 0; block < ceiling(rows, ROWS); block++) {
        float* to = packed + block * depth * ROWS;
        for (long k = 0; k < depth; k++)
            for (long row = block * ROWS; row < (block + 1) * ROWS; row++)
                *to++ = row < rows ? from[row * row_step + k * depth_step] : 0;
    }
}

inline long packed_size(long rows, long depth) { return ceiling(rows, ROWS) * ROWS * depth; }

template <int V>
inline __attribute__((always_inline)) void add_chain(const float* a, const float* b, long depth, Vec (&sum)[ROWS][V]) {
    for (int row = 0; row < ROWS; row++)
        for (int v = 0; v < V; v++) sum[row][v] = Vec{};
    for (long k = 0; k < depth; k++, a += ROWS, b += COLUMNS) {
        Vec x[V];
        for (int v = 0; v < V; v++) x[v] = load(b + v * LANES);
        #pragma GCC unroll 16
        for (int row = 0; row < ROWS; row++)
            #pragma GCC unroll 4
            for (int v = 0; v < V; v++) sum[row][v] += a[row] * x[v];
    }
}

// ROWS rows times V vectors of columns: a (depth, ROWS), b (depth, COLUMNS). Calls emit(row, v, value) for each.
template <int V, class Emit>
inline __attribute__((always_inline)) void tile(const float* a, const float* b, long depth, const Emit& emit) {
    Vec total[ROWS][V];
    add_chain<V>(a, b, std::min(depth, CHAIN), total);
    for (long k = CHAIN; k < depth; k += CHAIN) {
        Vec chain[ROWS][V];
        add_chain<V>(a + k * ROWS, b + k * COLUMNS, std::min(depth - k, CHAIN), chain);
        for (int row = 0; row < ROWS; row++)
            for (int v = 0; v < V; v++) total[row][v] += chain[row][v];
    }
    #pragma GCC unroll 16
    for (int row = 0; row < ROWS; row++)
        #pragma GCC unroll 4
        for (int v = 0; v < V; v++) emit(row, v, total[row][v]);
}

// y (images, rows, pixels) = packed (rows, depth) times x (images, depth, pixels).
inline void multiply(
    const float* packed, const float* x, float* y, long images, long rows, long depth, long pixels) {
    const long panels = ceiling(pixels, COLUMNS);
    #pragma omp parallel for schedule(static)
    for (long job = 0; job < images * panels; job++) {
        const long image = job / panels, start = job % panels * COLUMNS, columns = std::min<long>(pixels - start, COLUMNS);
        float* panel = scratch(depth * COLUMNS);
        const float* from = x + image * depth * pixels + start;
        for (long k = 0; k < depth; k++, from += pixels) {
            if (columns == COLUMNS)
                for (int v = 0; v < COLUMN_VECTORS; v++) store(panel + k * COLUMNS + v * LANES, load(from + v * LANES));
            else
                for (long v = 0; v < columns; v += LANES)
                    store(panel + k * COLUMNS + v, load_some(from + v, std::min<long>(columns - v, LANES)));
        }
        for (long block = 0; block < ceiling(rows, ROWS); block++) {
            float* to = y + (image * rows + block * ROWS) * pixels + start;
            const long height = rows - block * ROWS;
            const auto emit = [&](int row, int v, Vec value) {
                if (row < height) store_some(to + row * pixels + v * LANES, value, columns - v * LANES);
            };
            const float* a = packed + block * depth * ROWS;
            if (columns > LANES)
                tile<2>(a, panel, depth, emit);
            else
                tile<1>(a, panel, depth, emit);
        }
    }
}

// Planes of `pixels` floats with zeros after each, so that a whole number of vectors makes a plane.
inline const float* whole_vectors(const float* from, long planes, long pixels, std::vector<float>& copy) {
    const long whole = ceiling(pixels, LANES) * LANES;
    if (whole == pixels) return from;
    copy.resize(planes * whole);
    #pragma omp parallel for schedule(static)
    for (long plane = 0; plane < planes; plane++) {
        std::memcpy(copy.data() + plane * whole, from + plane * pixels, pixels * sizeof(float));
        std::memset(copy.data() + plane * whole + pixels, 0, (whole - pixels) * sizeof(float));
    }
    return copy.data();
}

// dw (rows, columns) = the sum over images of dy (images, rows, pixels) times x (images, columns, pixels) transposed.
// Sums run over the pixels of a few images, and are then added up image after image, whatever the number of threads.
inline void multiply_transposed(
    const float* dy, const float* x, float* dw, long images, long rows, long columns, long pixels) {
    constexpr int R = LANES == 16 ? 4 : 2, C = LANES == 16 ? 6 : 4;
    std::vector<float> dy_copy, x_copy;
    dy = whole_vectors(dy, images * rows, pixels, dy_copy);
    x = whole_vectors(x, images * columns, pixels, x_copy);
    pixels = ceiling(pixels, LANES) * LANES;
    const long together = std::max<long>(1, 2048 / pixels);
    const long down = ceiling(rows, R), across = ceiling(columns, C);
    for (long first = 0; first < images; first += together) {
        const long last = std::min(images, first + together);
        #pragma omp parallel for schedule(static)
        for (long job = 0; job < down * across; job++) {
            // A thread has blocks of rows next to each other: a block of dy stays near while x passes by.
            const long row = job / across * R, column = job % across * C;
            const float *a[R], *b[C];
            Vec sum[R][C] = {};
            for (long image = first; image < last; image++) {
                for (int r = 0; r < R; r++) a[r] = dy + (image * rows + std::min(row + r, rows - 1)) * pixels;
                for (int c = 0; c < C; c++) b[c] = x + (image * columns + std::min(column + c, columns - 1)) * pixels;
                for (long p = 0; p < pixels; p += LANES) {
                    Vec left[R];
                    for (int r = 0; r < R; r++) left[r] = load(a[r] + p);
                    #pragma GCC unroll 8
                    for (int c = 0; c < C; c++) {
                        const Vec right = load(b[c] + p);
                        #pragma GCC unroll 8
                        for (int r = 0; r < R; r++) sum[r][c] += left[r] * right;
                    }
                }
            }
            for (int r = 0; r < R && row + r < rows; r++)
                for (int c = 0; c < C && column + c < columns; c++) {
                    float& to = dw[(row + r) * columns + column + c];
                    to = sum_of(sum[r][c]) + (first ? to : 0.f);
                }
        }
    }
}

}  // namespace kernels
