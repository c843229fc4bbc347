/**
 * Two kernels in PTX, which every driver since CUDA 9.0 compiles for its own GPU,
 * so that neither a toolkit nor an index is needed. `triad` is bound by memory
 * (STREAM's a * s + b), `fma` by arithmetic: four chains of fused multiply-adds.
 */
const PTX = `
.version 6.0
.target sm_50
.address_size 64

.visible .entry triad(.param .u64 a, .param .u64 b, .param .u64 c, .param .u32 n)
{
  .reg .pred %p;
  .reg .b32 %r<6>;
  .reg .f32 %f<4>;
  .reg .b64 %d<8>;
  mov.u32 %r1, %ctaid.x;
  mov.u32 %r2, %ntid.x;
  mov.u32 %r3, %tid.x;
  mad.lo.u32 %r4, %r1, %r2, %r3;
  ld.param.u32 %r5, [n];
  setp.ge.u32 %p, %r4, %r5;
  @%p bra DONE;
  ld.param.u64 %d1, [a];
  ld.param.u64 %d2, [b];
  ld.param.u64 %d3, [c];
  mul.wide.u32 %d4, %r4, 4;
  add.u64 %d5, %d1, %d4;
  add.u64 %d6, %d2, %d4;
  add.u64 %d7, %d3, %d4;
  ld.global.f32 %f1, [%d5];
  ld.global.f32 %f2, [%d6];
  fma.rn.f32 %f3, %f1, 0f40400000, %f2;
  st.global.f32 [%d7], %f3;
DONE:
  ret;
}

.visible .entry fma(.param .u64 out, .param .u32 rounds)
{
  .reg .pred %p;
  .reg .b32 %r<7>;
  .reg .f32 %f<8>;
  .reg .b64 %d<4>;
  mov.u32 %r1, %ctaid.x;
  mov.u32 %r2, %ntid.x;
  mov.u32 %r3, %tid.x;
  mad.lo.u32 %r4, %r1, %r2, %r3;
  ld.param.u32 %r5, [rounds];
  cvt.rn.f32.u32 %f1, %r3;
  add.f32 %f2, %f1, 0f3F800000;
  add.f32 %f3, %f1, 0f40000000;
  add.f32 %f4, %f1, 0f40400000;
  mov.u32 %r6, 0;
LOOP:
  fma.rn.f32 %f1, %f1, 0f3F7FFFEF, 0f3F000000;
  fma.rn.f32 %f2, %f2, 0f3F7FFFEF, 0f3F000000;
  fma.rn.f32 %f3, %f3, 0f3F7FFFEF, 0f3F000000;
  fma.rn.f32 %f4, %f4, 0f3F7FFFEF, 0f3F000000;
  add.u32 %r6, %r6, 1;
  setp.lt.u32 %p, %r6, %r5;
  @%p bra LOOP;
  add.f32 %f5, %f1, %f2;
  add.f32 %f6, %f3, %f4;
  add.f32 %f7, %f5, %f6;
  ld.param.u64 %d1, [out];
  mul.wide.u32 %d2, %r4, 4;
  add.u64 %d3, %d1, %d2;
  st.global.f32 [%d3], %f7;
  ret;
}
`;

/**
 * Times both kernels by CUDA events through the driver's own library, with as
 * much work as the installed `demo` says, and writes what Kiln reads. With
 * \`--profile\` it launches each a few times, in turn, and writes nothing.
 */
const SCRIPT = `
import ctypes, json, os, sys
from ctypes import byref, c_float, c_int, c_size_t, c_uint, c_uint64, c_void_p
from time import perf_counter
import demo

THREADS = 256
ELEMENTS = int((1 << 25) * demo.WORK)
BLOCKS = 4096
ROUNDS = int(4096 * demo.WORK)
LAUNCHES = 10
WARM_UP_S = 0.5
SAMPLES = 40

cuda = ctypes.CDLL("libcuda.so.1")
def call(name, *args):
    code = getattr(cuda, name)(*args)
    if code != 0:
        sys.exit("%s: CUDA error %d" % (name, code))

call("cuInit", 0)
device, context = c_int(), c_void_p()
call("cuDeviceGet", byref(device), 0)
call("cuDevicePrimaryCtxRetain", byref(context), device)
call("cuCtxSetCurrent", context)
module = c_void_p()
call("cuModuleLoadData", byref(module), open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "gpu_bench.ptx"), "rb").read() + b"\\0")

def memory(elements, word):
    pointer = c_uint64()
    call("cuMemAlloc_v2", byref(pointer), c_size_t(4 * elements))
    call("cuMemsetD32_v2", pointer, c_uint(word), c_size_t(elements))
    return pointer

ONE, TWO = 0x3F800000, 0x40000000
a, b, c = memory(ELEMENTS, ONE), memory(ELEMENTS, TWO), memory(ELEMENTS, 0)
out = memory(BLOCKS * THREADS, 0)

def kernel(name, blocks, *values):
    function = c_void_p()
    call("cuModuleGetFunction", byref(function), module, name)
    arguments = (c_void_p * len(values))(*(ctypes.cast(byref(value), c_void_p) for value in values))
    def launch():
        call("cuLaunchKernel", function, blocks, 1, 1, THREADS, 1, 1, 0, None, arguments, None)
    launch.values = values
    return launch

KERNELS = {
    "triad": kernel(b"triad", (ELEMENTS + THREADS - 1) // THREADS, a, b, c, c_uint(ELEMENTS)),
    "fma": kernel(b"fma", BLOCKS, out, c_uint(ROUNDS)),
}
if "--profile" in sys.argv:
    for _ in range(8):
        for launch in KERNELS.values():
            launch()
    call("cuCtxSynchronize")
    sys.exit()

begin, end = c_void_p(), c_void_p()
call("cuEventCreate", byref(begin), 0)
call("cuEventCreate", byref(end), 0)

def seconds(launch):
    call("cuEventRecord", begin, None)
    for _ in range(LAUNCHES):
        launch()
    call("cuEventRecord", end, None)
    call("cuEventSynchronize", end)
    elapsed_ms = c_float()
    call("cuEventElapsedTime", byref(elapsed_ms), begin, end)
    return elapsed_ms.value / 1000 / LAUNCHES

lines = [{"kiln": "benchmarks/1"}]
for name, launch in KERNELS.items():
    until = perf_counter() + WARM_UP_S
    while perf_counter() < until:
        seconds(launch)
    samples = [seconds(launch) for _ in range(SAMPLES)]
    lines.append({"benchmark": name, "metric": "time", "unit": "s", "better": "lower", "samples": samples})
    median = sorted(samples)[SAMPLES // 2]
    rate = "%.0f GB/s" % (12 * ELEMENTS / median / 1e9) if name == "triad" else "%.1f TFLOP/s" % (8 * ROUNDS * BLOCKS * THREADS / median / 1e12)
    print("%s: median %.1f us a launch, %s" % (name, median * 1e6, rate))
lines.append({"end": len(KERNELS)})

first = c_float()
call("cuMemcpyDtoH_v2", byref(first), c, c_size_t(4))
if first.value != 5.0:
    sys.exit("triad found %r where 5.0 was expected" % first.value)
with open(os.path.join(os.environ["KILN_RESULTS"], "bench.json"), "w") as file:
    file.writelines(json.dumps(line) + "\\n" for line in lines)
`;

const FILES = "[gpu_bench.py, gpu_bench.ptx]";

/** A run of one benchmark of both kernels on a GPU of this compute capability, beside the last release. */
export function gpuBenchSpec(python: string, computeCapability: string): string {
  return `${cell(python, computeCapability)}
bench: {command: python gpu_bench.py, files: ${FILES}, format: kiln, bound-by: gpu, timeout: 5m}
`;
}

/** A run that profiles one launch of each kernel. */
export function gpuProfileSpec(python: string, computeCapability: string): string {
  return `${cell(python, computeCapability)}
profile: {command: python gpu_bench.py --profile, files: ${FILES}, launch-skip: 4, launch-count: 2, timeout: 5m}
retry: {infrastructure: 0}
`;
}

/** Of a project that does `work` times as much as it might. */
export function gpuBenchFiles(version: string, work: number): Readonly<Record<string, string>> {
  return {
    "version.txt": version,
    "demo.py": `WORK = ${work}\n`,
    "gpu_bench.py": SCRIPT,
    "gpu_bench.ptx": PTX,
  };
}

function cell(python: string, computeCapability: string): string {
  return `
kiln: 1
matrix: {os: [linux-x86_64], python: ["${python}"], gpu: ["${computeCapability}"]}
build: {wheel: pure}
test: {command: 'python -c "import demo"', gpu: none}`;
}
