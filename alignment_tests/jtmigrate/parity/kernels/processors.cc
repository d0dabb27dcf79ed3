// Holds operators against plain loops in float64; prints the worst errors. All headers are included: they have to compile.
#include <cstdio>
#include <cstdlib>

using std::vector;

static vector<float> numbers(size_t count, long step) {
    vector<float> found(count);
    for (size_t i = 0; i < count; i++) found[i] = i * step % 1000 / 500.f - 1;
    return found;
}

static double products() {
    const long images = 2, inputs = 37, outputs = 23, pixels = 77;
    const auto x = numbers(images * inputs * pixels, 7919), weight = numbers(outputs * inputs, 104729);
    vector<float> y(images * outputs * pixels), packed(kernels::packed_size(outputs, inputs)), by_weight(weight.size());
    kernels::pack(weight.data(), outputs, inputs, inputs, 1, packed.data());
    kernels::multiply(packed.data(), x.data(), y.data(), images, outputs, inputs, pixels);
    kernels::multiply_transposed(y.data(), x.data(), by_weight.data(), images, outputs, inputs, pixels);
    double worst = 0;
    for (long o = 0; o < outputs; o++) {
        for (long n = 0; n < images; n++)
            for (long p = 0; p < pixels; p++) {
                double sum = 0;
                for (long c = 0; c < inputs; c++) sum += double(weight[o * inputs + c]) * x[(n * inputs + c) * pixels + p];
                worst = std::max(worst, std::abs(sum - y[(n * outputs + o) * pixels + p]));
            }
        for (long c = 0; c < inputs; c++) {
            double sum = 0;
            for (long n = 0; n < images; n++)
                for (long p = 0; p < pixels; p++)
                    sum += double(y[(n * outputs + o) * pixels + p]) * x[(n * inputs + c) * pixels + p];
            worst = std::max(worst, std::abs(sum - by_weight[o * inputs + c]) / 10);
        }
    }
    return worst;
}

template <int K, int S>
static double windows() {
    const long channels = 3;
    const kernels::Window window{K, S, K / 2};
    const kernels::Plane in{13, 11}, out{(13 - 1) / S + 1, (11 - 1) / S + 1};
    const auto x = numbers(channels * in.size(), 7919), weight = numbers(channels * K * K, 104729);
    vector<float> y(channels * out.size());
    kernels::depthwise<K, S>(x.data(), weight.data(), 1, channels, in, out, window,
        [&](long plane, long row, long column, kernels::Vec value, long count) {
            kernels::store_some(y.data() + plane * out.size() + row * out.width + column, value, count);
        });
    double worst = 0;
    for (long c = 0; c < channels; c++)
        for (long i = 0; i < out.height; i++)
            for (long j = 0; j < out.width; j++) {
                double sum = 0;
                for (long tap = 0; tap < K * K; tap++) {
                    const long row = i * S + tap / K - K / 2, column = j * S + tap % K - K / 2;
                    if (row >= 0 && row < in.height && column >= 0 && column < in.width)
                        sum += double(weight[c * K * K + tap]) * x[c * in.size() + row * in.width + column];
                }
                worst = std::max(worst, std::abs(sum - y[c * out.size() + i * out.width + j]));
            }
    return worst;
}

int main() {
    std::printf("%d lanes, worst errors %g %g %g %g\n", kernels::LANES, products(), windows<3, 1>(), windows<5, 2>(),
        windows<7, 1>());
    return products() < 1e-5 && windows<3, 1>() < 1e-5 && windows<5, 2>() < 1e-5 && windows<7, 1>() < 1e-5 ? 0 : 1;
}
