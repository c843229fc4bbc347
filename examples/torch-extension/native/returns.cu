// Discounted returns on a GPU. One warp goes through one row, from its end, 32
// steps at a time: inside such a chunk the recurrence is a scan with powers of
// gamma as weights (G. E. Blelloch, "Prefix Sums and Their Applications",
// CMU-CS-90-190, section 1.4), and lane 0 carries it to the chunk before.

#include "returns.h"

#include <cuda_runtime.h>

namespace {

constexpr int kLanes = 32;
constexpr int kRowsPerBlock = 8;
constexpr unsigned kAllLanes = 0xffffffffu;

template <typename Number>
__global__ void discounted_returns(const Number* __restrict__ rewards, Number* __restrict__ returns, int64_t rows,
                                   int64_t steps, Number gamma) {
  const int64_t row = static_cast<int64_t>(blockIdx.x) * kRowsPerBlock + threadIdx.y;
  if (row >= rows) return;
  const Number* in = rewards + row * steps;
  Number* out = returns + row * steps;
  const int lane = static_cast<int>(threadIdx.x);

  // What a later step counts for in lane `lane`: gamma to the power of its distance from the chunk's end.
  Number far = gamma;
  for (int i = lane; i < kLanes - 1; ++i) far *= gamma;

  Number carried = 0;
  for (int64_t end = steps; end > 0; end -= kLanes) {
    const int64_t step = end - kLanes + lane;
    Number value = step >= 0 ? in[step] : Number(0);
    Number weight = gamma;
    for (int distance = 1; distance < kLanes; distance *= 2) {
      const Number later = __shfl_down_sync(kAllLanes, value, distance);
      if (lane + distance < kLanes) value += weight * later;
      weight *= weight;
    }
    value += far * carried;
    if (step >= 0) out[step] = value;
    carried = __shfl_sync(kAllLanes, value, 0);
  }
}

template <typename Number>
const char* launch(const Number* rewards, Number* returns, int64_t rows, int64_t steps, Number gamma, void* stream) {
  if (rows == 0 || steps == 0) return nullptr;
  const int64_t blocks = (rows + kRowsPerBlock - 1) / kRowsPerBlock;
  if (blocks > INT32_MAX) return "too many rows for one launch";
  const dim3 threads(kLanes, kRowsPerBlock);
  discounted_returns<Number><<<static_cast<unsigned>(blocks), threads, 0, static_cast<cudaStream_t>(stream)>>>(
      rewards, returns, rows, steps, gamma);
  const cudaError_t error = cudaGetLastError();
  return error == cudaSuccess ? nullptr : cudaGetErrorString(error);
}

}  // namespace

const char* kiln_returns_f32(const float* rewards, float* returns, int64_t rows, int64_t steps, float gamma,
                             void* stream) {
  return launch(rewards, returns, rows, steps, gamma, stream);
}

const char* kiln_returns_f64(const double* rewards, double* returns, int64_t rows, int64_t steps, double gamma,
                             void* stream) {
  return launch(rewards, returns, rows, steps, gamma, stream);
}
