# The yardstick of P6: reads a matrix of whole numbers and solves it as often as
# it is asked to. Each answer is "seconds sum". Only the call itself is timed.
import sys
import time

import numpy
import scipy
from scipy.optimize import linear_sum_assignment

print(scipy.__version__, flush=True)
matrix = None
for line in sys.stdin:
    word, *rest = line.split()
    if word == "load":
        name, n = rest
        matrix = numpy.fromfile(name, dtype=numpy.int64).reshape(int(n), int(n))
        print("loaded", flush=True)
        continue
    start = time.perf_counter()
    rows, cols = linear_sum_assignment(matrix, maximize=True)
    took = time.perf_counter() - start
    print(f"{took:.9f} {int(matrix[rows, cols].sum())}", flush=True)
