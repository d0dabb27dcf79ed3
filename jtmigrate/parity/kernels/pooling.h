// Pooling of planes by a window of `taps` x `taps`.
#pragma once

namespace kernels {

struct Pool {
    long taps, stride, padding, height, width, out_height, out_width;
};

// Calls visit(output, first row, end row, first column, end column) for every output of a plane.
template <class Visit>
inline __attribute__((always_inline)) void windows(const Pool& pool, const Visit& visit) {
    for (long y = 0; y < pool.out_height; y++) {
        const long top = y * pool.stride - pool.padding, bottom = std::min(top + pool.taps, pool.height);
        for (long x = 0; x < pool.out_width; x++) {
            const long left = x * pool.stride - pool.padding, right = std::min(left + pool.taps, pool.width);
            visit(y * pool.out_width + x, std::max(top, 0l), bottom, std::max(left, 0l), right);
        }
    }
}

// By its bits: -Ofast compares as if there were no NaN.
inline bool is_nan(float value) {
    int bits;
    std::memcpy(&bits, &value, sizeof(bits));
    return (bits & 0x7fffffff) > 0x7f800000;
}

// NaN is the largest, as in PyTorch.
inline float larger(float one, float other) {
    return !is_nan(one) && (other > one || is_nan(other)) ? other : one;
}

// First the largest of each column of a row of windows, then of neighbouring columns; S is the stride, 0 any.
template <long S>
inline void max_pool_rows(const float* from, float* to, const Pool& pool) {
    const long stride = S ? S : pool.stride;
    const long columns = std::max(pool.width + pool.padding, (pool.out_width - 1) * stride + pool.taps);
    float* above = scratch(columns);
    std::fill(above, above + columns, -__builtin_inff());
    float* inside = above + pool.padding;
    for (long y = 0; y < pool.out_height; y++, to += pool.out_width) {
        const long start = y * stride - pool.padding;
        const long top = std::max(start, 0l), bottom = std::min(start + pool.taps, pool.height);
        std::memcpy(inside, from + top * pool.width, pool.width * sizeof(float));
        for (long row = top + 1; row < bottom; row++) {
            const float* values = from + row * pool.width;
            #pragma omp simd
            for (long x = 0; x < pool.width; x++) inside[x] = larger(inside[x], values[x]);
        }
        #pragma omp simd
        for (long x = 0; x < pool.out_width; x++) to[x] = above[x * stride];
        for (long tap = 1; tap < pool.taps; tap++) {
            #pragma omp simd
            for (long x = 0; x < pool.out_width; x++) to[x] = larger(to[x], above[x * stride + tap]);
        }
    }
}

inline void max_pool_plane(const float* from, float* to, const Pool& pool) {
    if (pool.stride == 1) return max_pool_rows<1>(from, to, pool);
    if (pool.stride == 2) return max_pool_rows<2>(from, to, pool);
    max_pool_rows<0>(from, to, pool);
}

inline void max_pool(const float* x, float* y, long planes, const Pool& pool) {
    #pragma omp parallel for schedule(static)
    for (long plane = 0; plane < planes; plane++)
        max_pool_plane(
            x + plane * pool.height * pool.width, y + plane * pool.out_height * pool.out_width, pool);
}

// The gradient goes to the first of equal values, as in PyTorch.
inline void max_pool_backward(
    const float* dy, const float* x, const float* y, float* dx, long planes, const Pool& pool) {
    #pragma omp parallel for schedule(static)
    for (long plane = 0; plane < planes; plane++) {
        const long inputs = pool.height * pool.width, outputs = pool.out_height * pool.out_width;
        const float* from = x + plane * inputs;
        float* to = dx + plane * inputs;
        std::memset(to, 0, inputs * sizeof(float));
        windows(pool, [&](long out, long top, long bottom, long left, long right) {
            const float largest = y[plane * outputs + out];
            for (long row = top; row < bottom; row++)
                for (long at = row * pool.width + left; at < row * pool.width + right; at++)
                    if (from[at] == largest) {
                        to[at] += dy[plane * outputs + out];
                        return;
                    }
        });
    }
}

}  // namespace kernels
