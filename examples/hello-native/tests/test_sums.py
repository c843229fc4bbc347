import math
import os
import random
import threading
from array import array
from fractions import Fraction

import pytest

import kiln_hello
from kiln_hello import dot, log_sum_exp, mean, total


def doubles(*values):
    return array("d", values)


def test_the_small_number_is_not_lost():
    assert 1.0 + 1e100 + 1.0 - 1e100 == 0.0
    assert total(doubles(1.0, 1e100, 1.0, -1e100)) == 2.0


def test_the_small_product_is_not_lost():
    assert dot(doubles(1e8 + 1, 1e8), doubles(1e8 - 1, -1e8)) == -1.0


def test_a_total_agrees_with_fsum():
    source = random.Random(7)
    values = array("d", (source.uniform(-1, 1) * 10 ** source.randint(-8, 8) for _ in range(10_000)))
    assert total(values) == pytest.approx(math.fsum(values), rel=1e-15)


def test_a_dot_product_agrees_with_exact_arithmetic():
    source = random.Random(8)
    left = array("d", (source.uniform(-1, 1) for _ in range(1_000)))
    right = array("d", (source.uniform(-1, 1) for _ in range(1_000)))
    exact = sum(Fraction(x) * Fraction(y) for x, y in zip(left, right))
    assert dot(left, right) == pytest.approx(float(exact), rel=1e-15)


def test_nothing_adds_up_to_zero():
    assert total(doubles()) == 0.0
    assert dot(doubles(), doubles()) == 0.0


def test_infinity_and_nan_stay_what_they_are():
    assert total(doubles(math.inf, 1.0)) == math.inf
    assert dot(doubles(1e300), doubles(1e300)) == math.inf
    assert math.isnan(total(doubles(math.inf, -math.inf)))


def test_mean_is_of_the_compensated_total():
    assert mean(doubles(1.0, 1e100, 1.0, -1e100)) == 0.5
    with pytest.raises(ValueError):
        mean(doubles())


def test_exponentials_do_not_overflow():
    assert log_sum_exp(doubles(1000.0, 1000.0)) == pytest.approx(1000.0 + math.log(2.0), rel=1e-15)
    assert log_sum_exp(doubles(0.0, 1.0, 2.0)) == pytest.approx(math.log(1 + math.e + math.e**2), rel=1e-15)


def test_a_sum_of_no_exponentials_is_the_logarithm_of_zero():
    assert log_sum_exp(doubles()) == log_sum_exp(doubles(-math.inf)) == -math.inf
    assert log_sum_exp(doubles(math.inf, -math.inf)) == math.inf
    assert math.isnan(log_sum_exp(doubles(math.inf, math.nan)))


@pytest.mark.parametrize("values", [[1.0], b"12345678", array("f", [1.0]), array("i", [1]), None])
def test_what_is_no_buffer_of_doubles_is_refused(values):
    with pytest.raises(TypeError):
        total(values)


def test_a_strided_buffer_is_refused_and_a_slice_of_it_is_not():
    view = memoryview(doubles(1.0, 2.0, 3.0, 4.0))
    assert total(view[1:3]) == 5.0
    with pytest.raises(BufferError):
        total(view[::2])


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="2 and 1"):
        dot(doubles(1.0, 2.0), doubles(1.0))


def test_threads_sum_the_same_buffer():
    values = array("d", [0.1]) * 100_000
    results = []
    threads = [threading.Thread(target=lambda: results.append(total(values))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [total(values)] * 4


def test_the_buffer_is_let_go():
    values = doubles(1.0)
    total(values)
    with pytest.raises(TypeError):
        dot(values, None)
    values.append(2.0)


def test_the_installed_package_is_what_is_tested():
    assert kiln_hello.__version__ == "1.0.0"
    assert os.path.exists(os.path.join(os.path.dirname(kiln_hello.__file__), "py.typed"))
