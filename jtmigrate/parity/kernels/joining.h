// Joining tensors along a dimension, and taking them apart.
#pragma once

namespace kernels {

// `outer` times `length` floats to every `whole`-th place, or from there.
inline void put(const float* part, float* whole, long outer, long length, long step) {
    #pragma omp parallel for schedule(static) if (outer * length > 20000)
    for (long i = 0; i < outer; i++) std::memcpy(whole + i * step, part + i * length, length * sizeof(float));
}

inline void take(const float* whole, float* part, long outer, long length, long step) {
    #pragma omp parallel for schedule(static) if (outer * length > 20000)
    for (long i = 0; i < outer; i++) std::memcpy(part + i * length, whole + i * step, length * sizeof(float));
}

}  // namespace kernels
