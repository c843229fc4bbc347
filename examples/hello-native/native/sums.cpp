// Compensated sums over buffers of doubles, for CPython 3.8 and newer.
//
// Summation: A. Neumaier, "Rundungsfehleranalyse einiger Verfahren zur
// Summation endlicher Summen", ZAMM 54 (1974). Dot product: T. Ogita,
// S. M. Rump, S. Oishi, "Accurate Sum and Dot Product", SIAM J. Sci. Comput.
// 26 (2005), algorithm Dot2 with a fused multiply-add for the product's error.

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>

namespace {

// A sum and what rounding has taken from it so far.
class CompensatedSum {
 public:
  void add(double value) noexcept {
    const double next = sum_ + value;
    lost_ += std::abs(sum_) >= std::abs(value) ? (sum_ - next) + value : (value - next) + sum_;
    sum_ = next;
  }

  // An infinite or undefined sum has no error to add back.
  double value() const noexcept { return std::isfinite(sum_) ? sum_ + lost_ : sum_; }

 private:
  double sum_ = 0.0;
  double lost_ = 0.0;
};

// A contiguous, one-dimensional buffer of native doubles, held for as long as this lives.
class Doubles {
 public:
  Doubles(const Doubles&) = delete;
  Doubles& operator=(const Doubles&) = delete;
  Doubles(Doubles&& other) noexcept : view_(other.view_) { other.view_.obj = nullptr; }
  ~Doubles() { PyBuffer_Release(&view_); }

  // Empty with a Python exception set when the object has no such buffer.
  static std::optional<Doubles> of(PyObject* object) {
    Py_buffer view;
    if (PyObject_GetBuffer(object, &view, PyBUF_FORMAT | PyBUF_C_CONTIGUOUS) != 0) return std::nullopt;
    Doubles doubles(view);
    const bool native = view.format != nullptr && view.format[0] == 'd' && view.format[1] == '\0';
    if (!native || view.ndim != 1) {
      PyErr_SetString(PyExc_TypeError, "a one-dimensional buffer of doubles is needed, such as array('d')");
      return std::nullopt;
    }
    return doubles;
  }

  const double* begin() const noexcept { return static_cast<const double*>(view_.buf); }
  const double* end() const noexcept { return begin() + size(); }
  std::size_t size() const noexcept { return static_cast<std::size_t>(view_.len) / sizeof(double); }

 private:
  explicit Doubles(const Py_buffer& view) noexcept : view_(view) {}
  Py_buffer view_;
};

double compensated_sum(const double* begin, const double* end) {
  CompensatedSum sum;
  for (const double* at = begin; at != end; ++at) sum.add(*at);
  return sum.value();
}

PyObject* total(PyObject*, PyObject* object) {
  const auto values = Doubles::of(object);
  if (!values) return nullptr;
  double sum = 0.0;
  Py_BEGIN_ALLOW_THREADS
  // Called in a way that the compiler cannot see through, so that each element costs the same in both calls.
  double (*const volatile sum_of)(const double*, const double*) = compensated_sum;
  sum = sum_of(values->begin(), values->end());
#if KILN_HELLO_SLOWDOWN > 0
  const auto part = static_cast<std::ptrdiff_t>(values->size() * KILN_HELLO_SLOWDOWN / 100);
  sum_of(values->end() - part, values->end());
#endif
  Py_END_ALLOW_THREADS
  return PyFloat_FromDouble(sum);
}

PyObject* dot(PyObject*, PyObject* args) {
  PyObject* left_object = nullptr;
  PyObject* right_object = nullptr;
  if (!PyArg_ParseTuple(args, "OO:dot", &left_object, &right_object)) return nullptr;
  const auto left = Doubles::of(left_object);
  if (!left) return nullptr;
  const auto right = Doubles::of(right_object);
  if (!right) return nullptr;
  if (left->size() != right->size()) {
    PyErr_Format(PyExc_ValueError, "buffers of different lengths: %zu and %zu", left->size(), right->size());
    return nullptr;
  }
  CompensatedSum sum;
  Py_BEGIN_ALLOW_THREADS
  for (std::size_t i = 0; i < left->size(); ++i) {
    const double x = left->begin()[i];
    const double y = right->begin()[i];
    const double product = x * y;
    sum.add(product);
    if (std::isfinite(product)) sum.add(std::fma(x, y, -product));
  }
  Py_END_ALLOW_THREADS
  return PyFloat_FromDouble(sum.value());
}

// Shifted by the largest value, so that no exponential overflows.
double log_sum_exp_of(const Doubles& values) noexcept {
  double largest = -std::numeric_limits<double>::infinity();
  for (const double value : values) {
    if (std::isnan(value)) return value;
    largest = std::max(largest, value);
  }
  if (!std::isfinite(largest)) return largest;
  CompensatedSum sum;
  for (const double value : values) sum.add(std::exp(value - largest));
  return largest + std::log(sum.value());
}

PyObject* log_sum_exp(PyObject*, PyObject* object) {
  const auto values = Doubles::of(object);
  if (!values) return nullptr;
  double result = 0.0;
  Py_BEGIN_ALLOW_THREADS
  result = log_sum_exp_of(*values);
  Py_END_ALLOW_THREADS
  return PyFloat_FromDouble(result);
}

PyMethodDef methods[] = {
    {"total", total, METH_O, "total(values, /)\n--\n\nThe sum of a buffer of doubles, as if made with twice the precision."},
    {"dot", dot, METH_VARARGS, "dot(left, right, /)\n--\n\nThe dot product of two buffers of doubles, as if made with twice the precision."},
    {"log_sum_exp", log_sum_exp, METH_O, "log_sum_exp(values, /)\n--\n\nThe logarithm of the sum of the exponentials of a buffer of doubles, without overflow."},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef_Slot slots[] = {
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, nullptr},
};

PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "kiln_hello._sums", "Compensated sums over buffers of doubles.", 0, methods, slots,
    nullptr, nullptr, nullptr,
};

}  // namespace

PyMODINIT_FUNC PyInit__sums() { return PyModuleDef_Init(&module); }
