// Kernels of a convolution turned by 180 degrees, inputs and outputs exchanged.
#pragma once

namespace kernels {

// (outputs, inputs, taps) -> (inputs, outputs, taps), the taps in reverse order.
inline void turn(const float* weight, float* turned, long outputs, long inputs, long taps) {
    #pragma omp parallel for schedule(static)
    for (long input = 0; input < inputs; input++)
        for (long output = 0; output < outputs; output++) {
            const float* from = weight + (output * inputs + input) * taps;
            float* to = turned + (input * outputs + output) * taps;
            for (long tap = 0; tap < taps; tap++) to[tap] = from[taps - 1 - tap];
        }
}

}  // namespace kernels
