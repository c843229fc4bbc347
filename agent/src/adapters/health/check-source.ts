/**
 * A CUDA program that allocates, copies, computes and compares on device 0, and
 * prints one line of JSON. Every word goes through 64 rounds of a linear
 * congruential generator (the constants of "Numerical Recipes"), which the host
 * knows in closed form, and 64 additions in the floating-point units that are
 * exact. One wrong word fails it.
 */
export const CHECK_SOURCE = String.raw`
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cuda_runtime.h>

static const size_t WORDS = 16u << 20;
static const int ROUNDS = 64;
static const uint32_t FACTOR = 1664525u, ADDEND = 1013904223u;

static int fail(const char *step, cudaError_t error) {
  printf("{\"ok\":false,\"step\":\"%s\",\"code\":%d,\"error\":\"%s\"}\n", step, (int)error, cudaGetErrorString(error));
  return 1;
}
#define TRY(step, call)                        \
  do {                                         \
    cudaError_t error = (call);                \
    if (error != cudaSuccess) return fail(step, error); \
  } while (0)

__global__ void check(const uint32_t *in, uint32_t *out, size_t words) {
  for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < words; i += (size_t)gridDim.x * blockDim.x) {
    uint32_t word = in[i];
    float sum = (float)(word & 1023u);
    for (int round = 0; round < ROUNDS; round++) {
      word = word * FACTOR + ADDEND;
      sum = fmaf(sum, 1.0f, 1.0f);
    }
    out[i] = word ^ (uint32_t)sum;
  }
}

int main() {
  auto begin = std::chrono::steady_clock::now();
  const size_t bytes = WORDS * sizeof(uint32_t);
  uint32_t *host = (uint32_t *)malloc(bytes), *in = nullptr, *out = nullptr, *copy = nullptr;
  if (!host) {
    printf("{\"ok\":false,\"step\":\"allocate on the host\",\"code\":2,\"error\":\"out of memory\"}\n");
    return 1;
  }
  for (size_t i = 0; i < WORDS; i++) host[i] = (uint32_t)i * 2654435761u;
  TRY("find the device", cudaSetDevice(0));
  TRY("allocate", cudaMalloc((void **)&in, bytes));
  TRY("allocate", cudaMalloc((void **)&out, bytes));
  TRY("allocate", cudaMalloc((void **)&copy, bytes));
  TRY("copy to the device", cudaMemcpy(in, host, bytes, cudaMemcpyHostToDevice));
  check<<<1024, 256>>>(in, out, WORDS);
  TRY("start the kernel", cudaGetLastError());
  TRY("run the kernel", cudaDeviceSynchronize());
  TRY("copy on the device", cudaMemcpy(copy, out, bytes, cudaMemcpyDeviceToDevice));
  TRY("copy from the device", cudaMemcpy(host, copy, bytes, cudaMemcpyDeviceToHost));

  uint32_t factor = 1, addend = 0;
  for (int round = 0; round < ROUNDS; round++) {
    factor *= FACTOR;
    addend = addend * FACTOR + ADDEND;
  }
  size_t wrong = 0, first = 0;
  for (size_t i = 0; i < WORDS; i++) {
    uint32_t word = (uint32_t)i * 2654435761u;
    uint32_t expected = (word * factor + addend) ^ ((word & 1023u) + ROUNDS);
    if (host[i] != expected && wrong++ == 0) first = i;
  }
  TRY("free", cudaFree(in));
  TRY("free", cudaFree(out));
  TRY("free", cudaFree(copy));
  if (wrong > 0) {
    printf("{\"ok\":false,\"step\":\"compare\",\"code\":0,\"error\":\"%zu of %zu words are wrong, the first at %zu\"}\n",
           wrong, WORDS, first);
    return 1;
  }
  std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  printf("{\"ok\":true,\"mebibytes\":%zu,\"ms\":%.1f}\n", bytes >> 20, took.count());
  return 0;
}
`;

/** The same by a PyTorch that sees CUDA, in integers; it ends with 3 where there is none. */
export const CHECK_SCRIPT = `
import json, sys, time
begin = time.monotonic()
step = "import torch"
def fail(code, error):
    print(json.dumps({"ok": False, "step": step, "code": code, "error": str(error).splitlines()[0][:300] if str(error) else ""}))
    sys.exit(1)
try:
    import torch
    if torch.version.cuda is None:
        raise ImportError("a PyTorch without CUDA")
except ImportError as error:
    print(json.dumps({"ok": False, "step": step, "code": -1, "error": str(error)}))
    sys.exit(3)
try:
    step = "find the device"
    torch.cuda.init()
    step = "allocate"
    words = 16 << 20
    source = torch.arange(words, dtype=torch.int64)
    step = "copy to the device"
    on_device = source.to("cuda:0")
    step = "run the kernel"
    result = on_device
    for _ in range(16):
        result = (result * 1664525 + 1013904223) & 0xFFFFFFFF
    back = result.clone()
    torch.cuda.synchronize()
    step = "copy from the device"
    back = back.cpu()
    step = "compare"
    expected = source
    for _ in range(16):
        expected = (expected * 1664525 + 1013904223) & 0xFFFFFFFF
    wrong = int((back != expected).sum())
    if wrong:
        fail(0, "%d of %d words are wrong" % (wrong, words))
except Exception as error:
    fail(0, error)
print(json.dumps({"ok": True, "mebibytes": words * 8 >> 20, "ms": (time.monotonic() - begin) * 1000}))
`;
