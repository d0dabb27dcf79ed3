// Runs a whole network for inference: a list of operations over one image at a time.
//
// Threads share the images, and where there are fewer images than threads, the work of each operation. Every value in
// between lies in an arena that is planned beforehand (jtmigrate/parity/compiled/plan.py) and small enough for the cache.
#pragma once
#include <atomic>
#include <cmath>
#include <omp.h>
#include <sched.h>

namespace kernels {

// Of jtmigrate/parity/compiled/program.py, in its order.
enum class Code : int { POINTWISE, CONVOLUTION, DEPTHWISE, PAD, MAX_POOL, BILINEAR, ADD, ACTIVATE, COPY, ROWS };
enum class Activation : int { LEAKY_RELU, RELU6, HARDSWISH, HARDSIGMOID, SIGMOID, SILU };

// Planes of height x width, `step` floats apart, in one of the spaces: the arena, the input, or an output.
struct View {
    int space, offset, step, channels, height, width;
    long pixels() const { return long(height) * width; }
};

struct Operation {
    Code code;
    View in, other, out;
    int weight, bias, kernel_height, kernel_width, stride, padding, activation;
    float slope;
};

// Threads that work on one image.
struct Team {
    int rank, size;
    std::atomic<int>*arrived, *round;

    // Calls work(job) for this thread's share of the jobs.
    template <class Work>
    void share(long jobs, const Work& work) const {
        for (long job = jobs * rank / size; job < jobs * (rank + 1) / size; job++) work(job);
    }

    void wait() const {
        if (size == 1) return;
        const int now = round->load();
        if (arrived->fetch_add(1) + 1 == size) {
            arrived->store(0);
            round->fetch_add(1);
            return;
        }
        for (int spins = 0; round->load(std::memory_order_acquire) == now;) {
#ifdef __x86_64__
            __builtin_ia32_pause();
#endif
            if (++spins > 10000) sched_yield();  // Others want this processor too.
        }
    }
};

inline Vec leaky(Vec value, float slope) { return value > 0 ? value : value * slope; }

// Rows of `packed` weights times a panel of columns, plus bias, activated, for some blocks of rows.
template <class Fill>
inline void product(const Operation& op, const float* weights, float* out, long depth, const Team& team, const Fill& fill) {
    const long pixels = op.out.pixels(), rows = op.out.channels, blocks = ceiling(rows, ROWS);
    const long panels = ceiling(pixels, COLUMNS);
    // So many parts of the rows that all threads have something to do.
    const long parts = team.size == 1 ? 1 : std::min(blocks, ceiling(4 * team.size, panels));
    team.share(panels * parts, [&](long job) {
        const long start = job / parts * COLUMNS, columns = std::min<long>(pixels - start, COLUMNS);
        float* panel = scratch(depth * COLUMNS);
        fill(panel, start, columns);
        for (long block = blocks * (job % parts) / parts; block < blocks * (job % parts + 1) / parts; block++) {
            const long height = rows - block * ROWS;
            const float* bias = weights + op.bias + block * ROWS;
            float* to = out + block * ROWS * op.out.step + start;
            const auto emit = [&](int row, int v, Vec value) {
                if (row < height)
                    store_some(to + row * op.out.step + v * LANES, leaky(value + bias[row], op.slope), columns - v * LANES);
            };
            const float* a = weights + op.weight + block * depth * ROWS;
            if (columns > LANES)
                tile<2>(a, panel, depth, emit);
            else
                tile<1>(a, panel, depth, emit);
        }
    });
}

inline void pointwise(const Operation& op, const float* weights, const float* in, float* out, const Team& team) {
    product(op, weights, out, op.in.channels, team, [&](float* panel, long start, long columns) {
        const float* from = in + start;
        for (long k = 0; k < op.in.channels; k++, from += op.in.step)
            for (long v = 0; v < columns; v += LANES) {
                const long count = columns - v;
                store(panel + k * COLUMNS + v, count >= LANES ? load(from + v) : load_some(from + v, count));
            }
    });
}

// Of padded planes.
inline void convolution(const Operation& op, const float* weights, const float* in, float* out, const Team& team) {
    const long depth = long(op.in.channels) * op.kernel_height * op.kernel_width;
    product(op, weights, out, depth, team, [&](float* panel, long start, long columns) {
        int places[COLUMNS];
        for (long j = 0; j < COLUMNS; j++) {
            const long pixel = start + std::min(j, columns - 1);
            places[j] = pixel / op.out.width * op.stride * op.in.width + pixel % op.out.width * op.stride;
        }
        for (long c = 0; c < op.in.channels; c++)
            for (long down = 0; down < op.kernel_height; down++)
                for (long right = 0; right < op.kernel_width; right++, panel += COLUMNS) {
                    const float* from = in + c * op.in.step + down * op.in.width + right;
                    for (long j = 0; j < COLUMNS; j++) panel[j] = from[places[j]];
                }
    });
}

template <int K, int S>
inline void depthwise(const Operation& op, const float* weights, const float* in, float* out, const Team& team) {
    const Plane inputs{op.in.height, op.in.width}, outputs{op.out.height, op.out.width};
    const Window window{K, S, op.padding};
    const Padded layout(inputs, window);
    team.share(op.in.channels, [&](long c) {
        float *padded = scratch(layout.size()), *to = out + c * op.out.step;
        pad<S>(in + c * op.in.step, inputs, window, layout, padded);
        const float bias = weights[op.bias + c];
        convolve<K, S>(padded, layout, weights + op.weight + c * K * K, outputs,
            [&](long row, long column, Vec value, long count) {
                store_some(to + row * outputs.width + column, leaky(value + bias, op.slope), count);
            });
    });
}

inline void depthwise(const Operation& op, const float* weights, const float* in, float* out, const Team& team) {
    switch (op.kernel_height * 10 + op.stride) {
        case 11: return depthwise<1, 1>(op, weights, in, out, team);
        case 31: return depthwise<3, 1>(op, weights, in, out, team);
        case 32: return depthwise<3, 2>(op, weights, in, out, team);
        case 51: return depthwise<5, 1>(op, weights, in, out, team);
        case 52: return depthwise<5, 2>(op, weights, in, out, team);
        case 71: return depthwise<7, 1>(op, weights, in, out, team);
        case 72: return depthwise<7, 2>(op, weights, in, out, team);
    }
}

inline void pad(const Operation& op, const float* in, float* out, const Team& team) {
    team.share(op.in.channels, [&](long c) {
        float* to = out + c * op.out.step;
        std::memset(to, 0, op.out.pixels() * sizeof(float));
        for (long y = 0; y < op.in.height; y++)
            std::memcpy(to + (y + op.padding) * op.out.width + op.padding, in + c * op.in.step + y * op.in.width,
                op.in.width * sizeof(float));
    });
}

inline float activated(float x, Activation kind, float slope) {
    const float upper = x < 6 ? x : 6, part = x + 3 < 6 ? x + 3 : 6;
    switch (kind) {
        case Activation::LEAKY_RELU: return x > 0 ? x : x * slope;
        case Activation::RELU6: return upper > 0 ? upper : 0;
        case Activation::HARDSWISH: return x * (part > 0 ? part : 0) / 6;
        case Activation::HARDSIGMOID: return (part > 0 ? part : 0) / 6;
        case Activation::SIGMOID: return 1 / (1 + exp(-double(x)));
        case Activation::SILU: return x / (1 + exp(-double(x)));
    }
    return x;
}

inline void run(const Operation& op, float* const* spaces, const float* weights, const Team& team) {
    const float *in = spaces[op.in.space] + op.in.offset, *other = spaces[op.other.space] + op.other.offset;
    float* out = spaces[op.out.space] + op.out.offset;
    const long pixels = op.in.pixels();
    switch (op.code) {
        case Code::POINTWISE: return pointwise(op, weights, in, out, team);
        case Code::CONVOLUTION: return convolution(op, weights, in, out, team);
        case Code::DEPTHWISE: return depthwise(op, weights, in, out, team);
        case Code::PAD: return pad(op, in, out, team);
        case Code::MAX_POOL: {
            const Pool pool{op.kernel_height, op.stride, op.padding, op.in.height, op.in.width, op.out.height, op.out.width};
            return team.share(op.in.channels, [&](long c) {
                max_pool_plane(in + c * op.in.step, out + c * op.out.step, pool);
            });
        }
        case Code::BILINEAR: {
            const auto rows = sources(op.in.height, op.out.height), columns = sources(op.in.width, op.out.width);
            return team.share(op.in.channels, [&](long c) {
                bilinear_plane(in + c * op.in.step, out + c * op.out.step, op.in.width, rows, columns);
            });
        }
        case Code::ADD:
            return team.share(op.in.channels, [&](long c) {
                const float *a = in + c * op.in.step, *b = other + c * op.other.step;
                float* to = out + c * op.out.step;
                #pragma omp simd
                for (long p = 0; p < pixels; p++) {
                    const float sum = a[p] + b[p];
                    to[p] = sum > 0 ? sum : sum * op.slope;
                }
            });
        case Code::ACTIVATE:
            return team.share(op.in.channels, [&](long c) {
                for (long p = 0; p < pixels; p++)
                    out[c * op.out.step + p] = activated(in[c * op.in.step + p], Activation(op.activation), op.slope);
            });
        case Code::COPY:
            return team.share(op.in.channels, [&](long c) {
                std::memcpy(out + c * op.out.step, in + c * op.in.step, pixels * sizeof(float));
            });
        case Code::ROWS:  // One row of all channels a pixel.
            return team.share(ceiling(pixels, 16), [&](long job) {
                for (long c = 0; c < op.in.channels; c++)
                    for (long p = job * 16; p < std::min(pixels, job * 16 + 16); p++)
                        out[p * op.out.step + c] = in[c * op.in.step + p];
            });
    }
}

// Images in, and what the network makes of them out: `outputs` holds a pointer and the floats an image of each.
inline void run_network(const Operation* program, long operations, const float* weights, const float* images, long count,
    long image_size, const std::vector<std::pair<float*, long>>& outputs, float* arenas, long arena_size) {
    const int threads = omp_get_max_threads();
    const long apart = count / threads * threads;  // Images that a thread has for itself.
    std::atomic<int> arrived{0}, round{0};
    #pragma omp parallel num_threads(threads)
    {
        const auto process = [&](long image, const Team& team, float* arena) {
            std::vector<float*> spaces{arena, const_cast<float*>(images) + image * image_size};
            for (const auto& output : outputs) spaces.push_back(output.first + image * output.second);
            for (long i = 0; i < operations; i++) {
                run(program[i], spaces.data(), weights, team);
                team.wait();
            }
        };
        const int rank = omp_get_thread_num(), size = omp_get_num_threads();
        for (long image = rank; image < apart; image += size)
            process(image, {0, 1, nullptr, nullptr}, arenas + rank * arena_size);
        #pragma omp barrier
        for (long image = apart; image < count; image++) process(image, {rank, size, &arrived, &round}, arenas);
    }
}

}  // namespace kernels
