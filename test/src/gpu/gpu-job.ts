/**
 * What the test job runs: the driver's own library and nothing else, so that it
 * needs neither a toolkit nor an index. It fails unless it sees exactly one
 * device and finds there what it wrote (CUDA Driver API).
 */
const SCRIPT = `
import ctypes, os, sys
cuda = ctypes.CDLL("libcuda.so.1")
def check(what, code):
    if code != 0:
        sys.exit("%s: CUDA error %d" % (what, code))
check("cuInit", cuda.cuInit(0))
count = ctypes.c_int()
check("cuDeviceGetCount", cuda.cuDeviceGetCount(ctypes.byref(count)))
print("CUDA_VISIBLE_DEVICES=%s: %d device" % (os.environ.get("CUDA_VISIBLE_DEVICES"), count.value))
if count.value != 1:
    sys.exit("the job sees %d devices instead of the one that it has" % count.value)
device, context = ctypes.c_int(), ctypes.c_void_p()
check("cuDeviceGet", cuda.cuDeviceGet(ctypes.byref(device), 0))
name = ctypes.create_string_buffer(256)
check("cuDeviceGetName", cuda.cuDeviceGetName(name, 256, device))
check("cuDevicePrimaryCtxRetain", cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device))
check("cuCtxSetCurrent", cuda.cuCtxSetCurrent(context))
words = 1 << 20
memory = ctypes.c_uint64()
check("cuMemAlloc", cuda.cuMemAlloc_v2(ctypes.byref(memory), ctypes.c_size_t(4 * words)))
check("cuMemsetD32", cuda.cuMemsetD32_v2(memory, ctypes.c_uint(0x5EED5EED), ctypes.c_size_t(words)))
host = (ctypes.c_uint * words)()
check("cuMemcpyDtoH", cuda.cuMemcpyDtoH_v2(host, memory, ctypes.c_size_t(4 * words)))
wrong = sum(1 for word in host if word != 0x5EED5EED)
check("cuMemFree", cuda.cuMemFree_v2(memory))
if wrong:
    sys.exit("%d of %d words are wrong" % (wrong, words))
print("%s: %d words written on the device and read back" % (name.value.decode(), words))
`;

/** A run of one test job on a GPU of this compute capability. */
export function gpuSpec(python: string, computeCapability: string): string {
  return `
kiln: 1
matrix: {os: [linux-x86_64], python: ["${python}"], gpu: ["${computeCapability}"]}
build: {wheel: pure}
test: {command: python gpu_job.py, files: [gpu_job.py]}
`;
}

export const GPU_JOB_FILES: Readonly<Record<string, string>> = { "gpu_job.py": SCRIPT };
