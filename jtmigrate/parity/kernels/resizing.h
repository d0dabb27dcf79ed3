// Bilinear interpolation of planes.
#pragma once
#include <cmath>

namespace kernels {

// Where the values of a new row or column come from: `low` and `low + step`, the second with the weight `share`.
struct Source {
    long low, step;
    float share;
};

inline std::vector<Source> sources(long have, long want) {
    std::vector<Source> found(want);
    for (long i = 0; i < want; i++) {
        const double place = std::max((i + 0.5) * have / want - 0.5, 0.0);
        const long low = std::min(long(place), have - 1);
        found[i] = {low, low + 1 < have ? 1 : 0, float(place - low)};
    }
    return found;
}

inline void bilinear_plane(const float* from, float* to, long width, const std::vector<Source>& rows,
    const std::vector<Source>& columns) {
    for (const Source& row : rows) {
        const float *above = from + row.low * width, *below = above + row.step * width;
        for (const Source& column : columns) {
            const long left = column.low, right = left + column.step;
            const float top = above[left] * (1 - column.share) + above[right] * column.share;
            const float bottom = below[left] * (1 - column.share) + below[right] * column.share;
            *to++ = top * (1 - row.share) + bottom * row.share;
        }
    }
}

inline void bilinear(
    const float* x, float* y, long planes, long height, long width, long new_height, long new_width) {
    const auto rows = sources(height, new_height), columns = sources(width, new_width);
    #pragma omp parallel for schedule(static)
    for (long plane = 0; plane < planes; plane++)
        bilinear_plane(x + plane * height * width, y + plane * new_height * new_width, width, rows, columns);
}

inline void bilinear_backward(
    const float* dy, float* dx, long planes, long height, long width, long new_height, long new_width) {
    const auto rows = sources(height, new_height), columns = sources(width, new_width);
    #pragma omp parallel for schedule(static)
    for (long plane = 0; plane < planes; plane++) {
        float* to = dx + plane * height * width;
        std::memset(to, 0, height * width * sizeof(float));
        for (long i = 0; i < new_height; i++) {
            const Source row = rows[i];
            float *above = to + row.low * width, *below = above + row.step * width;
            const float* from = dy + (plane * new_height + i) * new_width;
            for (long j = 0; j < new_width; j++) {
                const Source column = columns[j];
                const long left = column.low, right = left + column.step;
                const float upper = from[j] * (1 - row.share), lower = from[j] * row.share;
                above[left] += upper * (1 - column.share);
                above[right] += upper * column.share;
                below[left] += lower * (1 - column.share);
                below[right] += lower * column.share;
            }
        }
    }
}

}  // namespace kernels
