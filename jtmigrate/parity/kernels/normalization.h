// Normalisation by statistics of the batch or of groups of channels.
//
// The values of a channel or group are read again for each pass while they are still in the cache. Sums are taken in
// float64; everything is rounded where `jtmigrate.parity.normalization` rounds it.
#pragma once
#include <cmath>

namespace kernels {

// Through memory: -Ofast may leave a rounding out.
inline float rounded(double value) {
    volatile float result = value;
    return result;
}

inline double sum(const float* x, long count) {
    double total = 0;
    #pragma omp simd reduction(+ : total)
    for (long i = 0; i < count; i++) total += x[i];
    return total;
}

inline double sum_of_squares(const float* x, float mean, long count) {
    double total = 0;
    #pragma omp simd reduction(+ : total)
    for (long i = 0; i < count; i++) {
        const float deviation = x[i] - mean, square = deviation * deviation;
        total += square;
    }
    return total;
}

inline double sum_of_products(const float* dy, const float* x, float mean, long count) {
    double total = 0;
    #pragma omp simd reduction(+ : total)
    for (long i = 0; i < count; i++) {
        const float product = dy[i] * (x[i] - mean);
        total += product;
    }
    return total;
}

// x * scale + shift, below 0 times the slope of a LeakyReLU; 1 is none.
struct Affine {
    float scale, shift, slope;
    float operator()(float x) const {
        const float y = x * scale + shift;
        return y > 0 ? y : y * slope;
    }
    // The gradient by what is in front of the LeakyReLU.
    float back(float dy, float x) const { return x * scale + shift > 0 ? dy : dy * slope; }
};

// The gradients of a plane in front of the LeakyReLU: `dy` itself where there is none. In a loop of its own, so that the
// loops that use them round alike with and without.
inline const float* before_leaky(const float* dy, const float* x, long pixels, const Affine& normal) {
    if (normal.slope == 1) return dy;
    float* own = scratch(pixels);
    #pragma omp simd
    for (long p = 0; p < pixels; p++) own[p] = normal.back(dy[p], x[p]);
    return own;
}

inline double inverse_std(float var, double eps) { return rounded(1 / std::sqrt(double(var) + eps)); }

inline Affine affine(float mean, double inverse_std, float weight, float bias, float slope) {
    const float scale = rounded(inverse_std * weight);
    return {scale, rounded(bias - double(mean) * scale), slope};
}

inline void normalise(const float* x, float* y, long count, const Affine& normal) {
    #pragma omp simd
    for (long p = 0; p < count; p++) y[p] = normal(x[p]);
}

// x (images, channels, pixels) -> y, means and biased variances (channels).
inline void batch_norm(const float* x, const float* weight, const float* bias, float* y, float* mean, float* var,
    long images, long channels, long pixels, double eps) {
    const double count = double(images) * pixels;
    #pragma omp parallel for schedule(static)
    for (long c = 0; c < channels; c++) {
        double total = 0, squares = 0;
        for (long n = 0; n < images; n++) total += sum(x + (n * channels + c) * pixels, pixels);
        mean[c] = rounded(total / count);
        for (long n = 0; n < images; n++) squares += sum_of_squares(x + (n * channels + c) * pixels, mean[c], pixels);
        var[c] = rounded(double(rounded(squares)) / count);
        const Affine normal = affine(mean[c], inverse_std(var[c], eps), weight[c], bias[c], 1);
        for (long n = 0; n < images; n++) {
            const long at = (n * channels + c) * pixels;
            normalise(x + at, y + at, pixels, normal);
        }
    }
}

// The output once more, by statistics that are known, with a LeakyReLU behind it; slope 1 is none.
inline void batch_norm_again(const float* x, const float* mean, const float* var, const float* weight,
    const float* bias, float* y, long images, long channels, long pixels, double eps, float slope) {
    #pragma omp parallel for schedule(static)
    for (long plane = 0; plane < images * channels; plane++) {
        const long c = plane % channels;
        const Affine normal = affine(mean[c], inverse_std(var[c], eps), weight[c], bias[c], slope);
        normalise(x + plane * pixels, y + plane * pixels, pixels, normal);
    }
}

inline void batch_norm_backward(const float* dy, const float* x, const float* mean, const float* var,
    const float* weight, const float* bias, float* dx, float* dweight, float* dbias, long images, long channels,
    long pixels, double eps, float slope) {
    const double count = double(images) * pixels;
    #pragma omp parallel for schedule(static)
    for (long c = 0; c < channels; c++) {
        const double deviation = inverse_std(var[c], eps);
        const float center = mean[c];
        const Affine normal = affine(center, deviation, weight[c], bias[c], slope);
        double total = 0, along = 0;
        for (long n = 0; n < images; n++) {
            const float* from = x + (n * channels + c) * pixels;
            const float* own = before_leaky(dy + (n * channels + c) * pixels, from, pixels, normal);
            #pragma omp simd reduction(+ : total, along)
            for (long p = 0; p < pixels; p++) {
                const float product = own[p] * (from[p] - center);
                total += own[p];
                along += product;
            }
        }
        const float average = rounded(total / count), tilt = rounded(along * deviation * deviation / count);
        for (long n = 0; n < images; n++) {
            const long at = (n * channels + c) * pixels;
            const float *from = x + at, *own = before_leaky(dy + at, from, pixels, normal);
            float* to = dx + at;
            #pragma omp simd
            for (long p = 0; p < pixels; p++) to[p] = (own[p] - average - (from[p] - center) * tilt) * normal.scale;
        }
        dweight[c] = rounded(along * deviation);
        dbias[c] = rounded(total);
    }
}

// x (images, channels, pixels) -> y, means and inverse standard deviations (images, groups) of groups of channels.
inline void group_norm(const float* x, const float* weight, const float* bias, float* y, float* mean, float* deviation,
    long images, long channels, long pixels, long groups, double eps) {
    const long width = channels / groups, count = width * pixels;
    #pragma omp parallel for schedule(static)
    for (long group = 0; group < images * groups; group++) {
        const float* from = x + group * count;
        mean[group] = rounded(sum(from, count) / count);
        deviation[group] = rounded(1 / std::sqrt(sum_of_squares(from, mean[group], count) / count + eps));
        for (long plane = group * width; plane < (group + 1) * width; plane++) {
            const long c = plane % channels;
            const Affine normal = affine(mean[group], deviation[group], weight[c], bias[c], 1);
            normalise(x + plane * pixels, y + plane * pixels, pixels, normal);
        }
    }
}

inline void group_norm_again(const float* x, const float* mean, const float* deviation, const float* weight,
    const float* bias, float* y, long images, long channels, long pixels, long groups, float slope) {
    #pragma omp parallel for schedule(static)
    for (long plane = 0; plane < images * channels; plane++) {
        const long c = plane % channels, group = plane / (channels / groups);
        const Affine normal = affine(mean[group], deviation[group], weight[c], bias[c], slope);
        normalise(x + plane * pixels, y + plane * pixels, pixels, normal);
    }
}

inline void group_norm_backward(const float* dy, const float* x, const float* mean, const float* deviation,
    const float* weight, const float* bias, float* dx, float* dweight, float* dbias, long images, long channels,
    long pixels, long groups, float slope) {
    const long width = channels / groups, count = width * pixels;
    std::vector<double> along(images * channels), total(images * channels);
    #pragma omp parallel for schedule(static)
    for (long group = 0; group < images * groups; group++) {
        const float center = mean[group];
        double all = 0, all_along = 0;
        for (long plane = group * width; plane < (group + 1) * width; plane++) {
            const long c = plane % channels;
            const Affine normal = affine(center, deviation[group], weight[c], bias[c], slope);
            double own_total = 0, own_along = 0;
            const float* from = x + plane * pixels;
            const float* own = before_leaky(dy + plane * pixels, from, pixels, normal);
            #pragma omp simd reduction(+ : own_total, own_along)
            for (long p = 0; p < pixels; p++) {
                const float product = own[p] * (from[p] - center);
                own_total += own[p];
                own_along += product;
            }
            total[plane] = own_total;
            along[plane] = own_along;
            all += own_total * weight[c];
            all_along += own_along * weight[c];
        }
        const double inverse = deviation[group];
        const float average = all * inverse / count, tilt = all_along * inverse * inverse * inverse / count;
        for (long plane = group * width; plane < (group + 1) * width; plane++) {
            const long c = plane % channels;
            const Affine normal = affine(center, inverse, weight[c], bias[c], slope);
            const float* from = x + plane * pixels;
            const float* own = before_leaky(dy + plane * pixels, from, pixels, normal);
            float* to = dx + plane * pixels;
            #pragma omp simd
            for (long p = 0; p < pixels; p++) to[p] = own[p] * normal.scale - average - (from[p] - center) * tilt;
        }
    }
    for (long c = 0; c < channels; c++) {
        double by_weight = 0, by_bias = 0;
        for (long n = 0; n < images; n++) {
            by_weight += along[n * channels + c] * deviation[n * groups + c / width];
            by_bias += total[n * channels + c];
        }
        dweight[c] = by_weight;
        dbias[c] = by_bias;
    }
}

}  // namespace kernels
