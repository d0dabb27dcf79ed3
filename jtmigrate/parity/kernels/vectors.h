// Vectors of floats as wide as the processor's registers, in GCC's notation.
#pragma once
#include <algorithm>
#include <cstring>
#include <vector>

namespace kernels {

#ifdef __AVX512F__
constexpr int LANES = 16;
#else
constexpr int LANES = 8;
#endif

typedef float Vec __attribute__((vector_size(LANES * 4)));
typedef float Unaligned __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

inline Vec load(const float* from) { return *reinterpret_cast<const Unaligned*>(from); }
inline void store(float* to, Vec value) { *reinterpret_cast<Unaligned*>(to) = value; }

// The first `count` lanes; the others are 0.
inline Vec load_some(const float* from, long count) {
    Vec value = {};
    std::memcpy(&value, from, count * sizeof(float));
    return value;
}

inline void store_some(float* to, Vec value, long count) {
    if (count >= LANES)
        store(to, value);
    else
        std::memcpy(to, &value, count * sizeof(float));
}

// Keeps the compiler from adding in another order, as -Ofast allows it to.
inline void in_order(Vec& value) {
#if defined(__AVX512F__)
    asm("" : "+v"(value));
#elif defined(__AVX__)
    asm("" : "+x"(value));
#else
    asm("" : "+m"(value));
#endif
}

inline float sum_of(Vec value) {
    float total = 0;
    for (int lane = 0; lane < LANES; lane++) total += value[lane];
    return total;
}

inline long ceiling(long count, long by) { return (count + by - 1) / by; }

// Memory of one thread that outlives the call; its content does not.
inline float* scratch(long floats) {
    static thread_local std::vector<float> memory;
    const long line = 64 / sizeof(float);
    if ((long)memory.size() < floats + line) memory.resize(floats + line);
    auto address = reinterpret_cast<size_t>(memory.data());
    return memory.data() + (64 - address % 64) % 64 / sizeof(float);
}

}  // namespace kernels
