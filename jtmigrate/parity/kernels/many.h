// The same arithmetic on many tensors at once, as optimizers need it. All threads share each tensor.
#pragma once
#include <cmath>

namespace kernels {

// Calls element(tensor, i) for all elements of all tensors.
template <class Element>
inline void each(const std::vector<long>& sizes, const Element& element) {
    #pragma omp parallel
    for (size_t tensor = 0; tensor < sizes.size(); tensor++) {
        #pragma omp for simd schedule(static) nowait
        for (long i = 0; i < sizes[tensor]; i++) element(tensor, i);
    }
}

inline double sum_of_squares(const std::vector<const float*>& x, const std::vector<long>& sizes) {
    double total = 0;
    for (size_t tensor = 0; tensor < sizes.size(); tensor++) {
        const float* own = x[tensor];
        #pragma omp parallel for simd reduction(+ : total) if (sizes[tensor] > 20000)
        for (long i = 0; i < sizes[tensor]; i++) total += double(own[i]) * own[i];
    }
    return total;
}

}  // namespace kernels
