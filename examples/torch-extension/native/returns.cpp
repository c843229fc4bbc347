// Discounted returns as a PyTorch operator. The headers are the few that it
// needs: torch/extension.h would take most of a minute to compile.

#include "returns.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/DeviceGuard.h>
#include <c10/util/Exception.h>
#include <torch/library.h>

#define PY_SSIZE_T_CLEAN
#include <Python.h>

namespace {

using at::Tensor;

// Contiguous rewards of a type that the operator has, [..., steps].
Tensor checked(const Tensor& rewards) {
  TORCH_CHECK(rewards.dim() >= 1, "rewards have no dimension of steps: a tensor of shape [..., steps] is needed");
  TORCH_CHECK(rewards.scalar_type() == at::kFloat || rewards.scalar_type() == at::kDouble,
              "rewards are ", rewards.scalar_type(), "; float32 and float64 are supported");
  return rewards.contiguous();
}

template <typename Number>
void fill(const Tensor& rewards, const Tensor& returns, double gamma) {
  const int64_t steps = rewards.size(-1);
  const int64_t rows = steps == 0 ? 0 : rewards.numel() / steps;
  const Number* in = rewards.const_data_ptr<Number>();
  Number* out = returns.mutable_data_ptr<Number>();
  for (int64_t row = 0; row < rows; ++row, in += steps, out += steps) {
    Number later = 0;
    for (int64_t step = steps - 1; step >= 0; --step) out[step] = later = in[step] + Number(gamma) * later;
  }
}

Tensor on_cpu(const Tensor& given, double gamma, int64_t /*stream*/) {
  const Tensor rewards = checked(given);
  const Tensor returns = at::empty_like(rewards);
  if (rewards.scalar_type() == at::kFloat) fill<float>(rewards, returns, gamma);
  else fill<double>(rewards, returns, gamma);
  return returns;
}

#ifdef KILN_RETURNS_CUDA
Tensor on_cuda(const Tensor& given, double gamma, int64_t stream) {
  const Tensor rewards = checked(given);
  const c10::DeviceGuard guard(rewards.device());
  const Tensor returns = at::empty_like(rewards);
  const int64_t steps = rewards.size(-1);
  const int64_t rows = steps == 0 ? 0 : rewards.numel() / steps;
  void* const queue = reinterpret_cast<void*>(stream);
  const char* error =
      rewards.scalar_type() == at::kFloat
          ? kiln_returns_f32(rewards.const_data_ptr<float>(), returns.mutable_data_ptr<float>(), rows, steps,
                             static_cast<float>(gamma), queue)
          : kiln_returns_f64(rewards.const_data_ptr<double>(), returns.mutable_data_ptr<double>(), rows, steps, gamma,
                             queue);
  TORCH_CHECK(error == nullptr, "discounted_returns on ", rewards.device(), ": ", error);
  return returns;
}
#endif

}  // namespace

TORCH_LIBRARY(kiln_returns, library) {
  // `stream` is the handle of the CUDA stream to run on; on the CPU it means nothing.
  library.def("discounted_returns(Tensor rewards, float gamma, int stream) -> Tensor");
}

TORCH_LIBRARY_IMPL(kiln_returns, CPU, library) { library.impl("discounted_returns", &on_cpu); }

#ifdef KILN_RETURNS_CUDA
TORCH_LIBRARY_IMPL(kiln_returns, CUDA, library) { library.impl("discounted_returns", &on_cuda); }
constexpr int kWithCuda = 1;
#else
constexpr int kWithCuda = 0;
#endif

// Importing the module registers the operator; it has nothing else to give.
PyMODINIT_FUNC PyInit__C() {
  static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_C", nullptr, -1, nullptr};
  PyObject* module = PyModule_Create(&definition);
  if (module == nullptr || PyModule_AddIntConstant(module, "WITH_CUDA", kWithCuda) == 0) return module;
  Py_DECREF(module);
  return nullptr;
}
