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

// Block by block, and then over the blocks: in the same order whatever the number of threads.
inline double sum_of_squares(const std::vector<const float*>& x, const std::vector<long>& sizes) {
    constexpr long BLOCK = 8192;
    std::vector<std::pair<const float*, long>> blocks;
    for (size_t tensor = 0; tensor < sizes.size(); tensor++)
        for (long start = 0; start < sizes[tensor]; start += BLOCK)
            blocks.emplace_back(x[tensor] + start, std::min(BLOCK, sizes[tensor] - start));
    std::vector<double> squares(blocks.size());
    #pragma omp parallel for schedule(static)
    for (size_t block = 0; block < blocks.size(); block++) {
        const float* own = blocks[block].first;
        double total = 0;
        #pragma omp simd reduction(+ : total)
        for (long i = 0; i < blocks[block].second; i++) total += double(own[i]) * own[i];
        squares[block] = total;
    }
    double total = 0;
    for (double own : squares) total += own;
    return total;
}

}  // namespace kernels
