// The device code's interface: plain C, so that it is compiled without PyTorch.

#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// returns[r][t] = rewards[r][t] + gamma * returns[r][t + 1] for `rows` rows of
// `steps` numbers, row after row. Both arrays are in the memory of the current
// device, and `stream` is a cudaStream_t of it. Gives null, or what is wrong.
const char* kiln_returns_f32(const float* rewards, float* returns, int64_t rows, int64_t steps, float gamma,
                             void* stream);
const char* kiln_returns_f64(const double* rewards, double* returns, int64_t rows, int64_t steps, double gamma,
                             void* stream);

#ifdef __cplusplus
}
#endif
