// Activations whose gradient follows from their output. Exponentials are taken in float64.
#pragma once
#include <cmath>

namespace kernels {

inline void leaky_relu(const float* x, float* y, long count, float slope) {
    #pragma omp parallel for simd schedule(static)
    for (long i = 0; i < count; i++) y[i] = x[i] > 0 ? x[i] : x[i] * slope;
}

inline void leaky_relu_backward(const float* dy, const float* y, float* dx, long count, float slope) {
    #pragma omp parallel for simd schedule(static)
    for (long i = 0; i < count; i++) dx[i] = y[i] > 0 ? dy[i] : dy[i] * slope;
}

inline void sigmoid(const float* x, float* y, long count) {
    #pragma omp parallel for simd schedule(static)
    for (long i = 0; i < count; i++) y[i] = 1 / (1 + exp(-double(x[i])));
}

inline void sigmoid_backward(const float* dy, const float* y, float* dx, long count) {
    #pragma omp parallel for simd schedule(static)
    for (long i = 0; i < count; i++) dx[i] = dy[i] * (y[i] * (1 - y[i]));
}

// log(1 + exp(x)), and its gradient.
inline void softplus(const float* x, float* y, long count) {
    #pragma omp parallel for simd schedule(static)
    for (long i = 0; i < count; i++) {
        const double value = x[i], size = value < 0 ? -value : value;
        y[i] = (value > 0 ? value : 0) + log1p(exp(-size));
    }
}

inline void softplus_backward(const float* dy, const float* x, float* dx, long count) {
    #pragma omp parallel for simd schedule(static)
    for (long i = 0; i < count; i++) dx[i] = dy[i] / (1 + exp(-double(x[i])));
}

// The largest of `width` values, and the sum of the exponentials of their distances from it.
struct Exponentials {
    double largest, total = 0;

    Exponentials(const float* from, long width) {
        float most = from[0];
        for (long i = 1; i < width; i++) most = from[i] > most ? from[i] : most;
        largest = most;
        double sum = 0;
        #pragma omp simd reduction(+ : sum)
        for (long i = 0; i < width; i++) sum += exp(from[i] - largest);
        total = sum;
    }
};

// Over rows of `width` values.
inline void softmax(const float* x, float* y, long rows, long width) {
    #pragma omp parallel for schedule(static)
    for (long row = 0; row < rows; row++) {
        const float* from = x + row * width;
        float* to = y + row * width;
        const Exponentials found(from, width);
        const double largest = found.largest, share = 1 / found.total;
        #pragma omp simd
        for (long i = 0; i < width; i++) to[i] = exp(from[i] - largest) * share;
    }
}

inline void softmax_backward(const float* dy, const float* y, float* dx, long rows, long width) {
    #pragma omp parallel for schedule(static)
    for (long row = 0; row < rows; row++) {
        const long at = row * width;
        double along = 0;
        #pragma omp simd reduction(+ : along)
        for (long i = at; i < at + width; i++) along += double(dy[i]) * y[i];
        #pragma omp simd
        for (long i = at; i < at + width; i++) dx[i] = y[i] * (dy[i] - along);
    }
}

inline void log_softmax(const float* x, float* y, long rows, long width) {
    #pragma omp parallel for schedule(static)
    for (long row = 0; row < rows; row++) {
        const float* from = x + row * width;
        float* to = y + row * width;
        const Exponentials found(from, width);
        const double shift = found.largest + std::log(found.total);
        #pragma omp simd
        for (long i = 0; i < width; i++) to[i] = from[i] - shift;
    }
}

inline void log_softmax_backward(const float* dy, const float* y, float* dx, long rows, long width) {
    #pragma omp parallel for schedule(static)
    for (long row = 0; row < rows; row++) {
        const long at = row * width;
        double total = 0;
        #pragma omp simd reduction(+ : total)
        for (long i = at; i < at + width; i++) total += dy[i];
        #pragma omp simd
        for (long i = at; i < at + width; i++) dx[i] = dy[i] - exp(double(y[i])) * total;
    }
}

}  // namespace kernels
