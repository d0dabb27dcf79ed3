// Convolution of each channel by a kernel of its own.
//
// A plane is first copied into a padded one, split by the phase of the stride: then the values that neighbouring
// outputs multiply with the same weight are neighbours too.
#pragma once

namespace kernels {

struct Window {
    long kernel, stride, padding;
};

struct Plane {
    long height, width;
    long size() const { return height * width; }
};

// Columns of a padded row whose place modulo the stride is the same, stored one after the other.
struct Padded {
    long rows, phase, row;  // number of rows; floats from phase to phase, and from row to row
    Padded(Plane from, Window window) {
        rows = from.height + 2 * window.padding + window.kernel;
        phase = ceiling(from.width + 2 * window.padding, window.stride) + 2 * LANES + window.kernel;
        row = phase * window.stride;
    }
    long size() const { return rows * row; }
};

template <int S>
inline void pad(const float* from, Plane plane, Window window, Padded padded, float* to) {
    std::memset(to, 0, padded.size() * sizeof(float));
    for (long y = 0; y < plane.height; y++, from += plane.width) {
        float* row = to + (y + window.padding) * padded.row;
        for (long phase = 0; phase < S; phase++) {
            // Columns x of the image with (x + padding) % S == phase.
            const long first = (phase + S - window.padding % S) % S;
            float* own = row + phase * padded.phase + (first + window.padding) / S;
            for (long x = first; x < plane.width; x += S) *own++ = from[x];
        }
    }
}

enum class Order { FORWARD, BACKWARD };

// B rows of outputs from a padded plane, kernel of size K, stride S: emit(row, column, value, count).
//
// A vector that was loaded serves all outputs that it belongs to; each of them adds its products row after row, from
// the first tap to the last or the other way round.
template <int K, int S, int B, Order ORDER, class Emit>
inline __attribute__((always_inline)) void convolve_rows(
    const float* padded, Padded layout, const float* weight, long width, const Emit& emit) {
    for (long x = 0; x < width; x += LANES) {
        Vec sum[B] = {};
        constexpr int LAST_ROW = (B - 1) * S + K - 1;
        #pragma GCC unroll 16
        for (int down = 0; down <= LAST_ROW; down++)
            #pragma GCC unroll 8
            for (int across = 0; across < K; across++) {
                const int row = ORDER == Order::FORWARD ? down : LAST_ROW - down;
                const int right = ORDER == Order::FORWARD ? across : K - 1 - across;
                const Vec value = load(padded + row * layout.row + right % S * layout.phase + right / S + x);
                #pragma GCC unroll 8
                for (int b = 0; b < B; b++)
                    if (row - b * S >= 0 && row - b * S < K) {
                        sum[b] += weight[(row - b * S) * K + right] * value;
                        in_order(sum[b]);
                    }
            }
        #pragma GCC unroll 8
        for (int b = 0; b < B; b++) emit(b, x, sum[b], width - x);
    }
}

template <int K, int S, Order ORDER = Order::FORWARD, class Emit>
inline __attribute__((always_inline)) void convolve(
    const float* padded, Padded layout, const float* weight, Plane outputs, const Emit& emit) {
    constexpr int B = LANES == 16 ? 4 : 2;
    long y = 0;
    for (; y + B <= outputs.height; y += B)
        convolve_rows<K, S, B, ORDER>(padded + y * S * layout.row, layout, weight, outputs.width,
            [&](long row, long column, Vec value, long count) { emit(y + row, column, value, count); });
    for (; y < outputs.height; y++)
        convolve_rows<K, S, 1, ORDER>(padded + y * S * layout.row, layout, weight, outputs.width,
            [&](long row, long column, Vec value, long count) { emit(y + row, column, value, count); });
}

// y (images, channels, outputs) from x (images, channels, inputs) and weight (channels, K, K).
template <int K, int S, class Emit>
inline void depthwise(const float* x, const float* weight, long images, long channels, Plane inputs, Plane outputs,
    Window window, const Emit& emit) {
    const Padded layout(inputs, window);
    #pragma omp parallel for schedule(static)
    for (long job = 0; job < images * channels; job++) {
        float* padded = scratch(layout.size());
        pad<S>(x + job * inputs.size(), inputs, window, layout, padded);
        convolve<K, S>(padded, layout, weight + job % channels * K * K, outputs,
            [&](long row, long column, Vec value, long count) { emit(job, row, column, value, count); });
    }
}

// dx from dy: dy with zeros between its values, padded, and convolved with the kernel turned by 180 degrees.
template <int K>
inline void depthwise_by_x(const float* dy, const float* weight, float* dx, long images, long channels, Plane inputs,
    Plane outputs, Window window) {
    const Window back{K, 1, K - 1 - window.padding};
    const Plane spread{(outputs.height - 1) * window.stride + 1, (outputs.width - 1) * window.stride + 1};
    const Plane covered{std::max(spread.height, inputs.height), std::max(spread.width, inputs.width)};
    const Padded layout(covered, back);
    #pragma omp parallel for schedule(static)
    for (long job = 0; job < images * channels; job++) {
        float* padded = scratch(layout.size());
        std::memset(padded, 0, layout.size() * sizeof(float));
        for (long y = 0; y < outputs.height; y++) {
            float* to = padded + (y * window.stride + back.padding) * layout.row + back.padding;
            const float* from = dy + job * outputs.size() + y * outputs.width;
            for (long x = 0; x < outputs.width; x++) to[x * window.stride] = from[x];
        }
        float turned[K * K];
        for (int tap = 0; tap < K * K; tap++) turned[tap] = weight[(job % channels + 1) * K * K - 1 - tap];
        float* to = dx + job * inputs.size();
        convolve<K, 1, Order::BACKWARD>(padded, layout, turned, inputs, [&](long row, long column, Vec value, long count) {
            store_some(to + row * inputs.width + column, value, count);
        });
    }
}

// dw (channels, K, K): sums over the pixels of an image in lanes, over images in float64.
template <int K, int S>
inline void depthwise_by_weight(const float* x, const float* dy, float* dw, long images, long channels, Plane inputs,
    Plane outputs, Window window) {
    const Padded layout(inputs, window);
    #pragma omp parallel for schedule(static)
    for (long channel = 0; channel < channels; channel++) {
        double total[K * K] = {};
        for (long image = 0; image < images; image++) {
            const long plane = image * channels + channel;
            float* padded = scratch(layout.size());
            pad<S>(x + plane * inputs.size(), inputs, window, layout, padded);
            Vec sum[K * K] = {};
            for (long row = 0; row < outputs.height; row++)
                for (long column = 0; column < outputs.width; column += LANES) {
                    const long count = outputs.width - column;
                    const float* from = dy + plane * outputs.size() + row * outputs.width + column;
                    const Vec slope = count >= LANES ? load(from) : load_some(from, count);
                    const float* values = padded + row * S * layout.row + column;
                    #pragma GCC unroll 8
                    for (int down = 0; down < K; down++)
                        #pragma GCC unroll 8
                        for (int right = 0; right < K; right++)
                            sum[down * K + right] += slope
                                * load(values + down * layout.row + right % S * layout.phase + right / S);
                }
            for (int tap = 0; tap < K * K; tap++) total[tap] += sum_of(sum[tap]);
        }
        for (int tap = 0; tap < K * K; tap++) dw[channel * K * K + tap] = total[tap];
    }
}

}  // namespace kernels
