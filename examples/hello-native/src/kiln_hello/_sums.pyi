from array import array
from typing import Union

_Doubles = Union[array[float], memoryview]

def total(values: _Doubles, /) -> float: ...
def dot(left: _Doubles, right: _Doubles, /) -> float: ...
