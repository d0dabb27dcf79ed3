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

inline void max_pool_plane(const float* from, float* to, const Pool& pool) {
    windows(pool, [&](long out, long top, long bottom, long left, long right) {
        float largest = from[top * pool.width + left];
        for (long row = top; row < bottom; row++)
            for (long column = left; column < right; column++) {
                const float value = from[row * pool.width + column];
                largest = value > largest ? value : largest;
            }
        to[out] = largest;
    });
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
