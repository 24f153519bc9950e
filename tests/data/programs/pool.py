# A pool of two processes that multiply matrices, for nine steps: pool.py RESULT
import os
import sys
import time
from multiprocessing import Pool

import numpy as np

# Where GATES names a folder, the steps 4 and 7 last until there are files of these names in it.
GATES = os.environ.get("GATES")


def work(job):
    step, seed = job
    while GATES and step in (4, 7) and not os.path.exists(f"{GATES}/{step}"):
        time.sleep(0.1)
    time.sleep(0.1)
    a = np.random.default_rng(seed).standard_normal((150, 150))
    return repr(float((a @ a).sum()))


if __name__ == "__main__":
    found = []
    with Pool(2) as pool:
        for step in range(1, 10):
            print(step, flush=True)
            found += pool.map(work, [(step, 2 * step), (step, 2 * step + 1)])
    with open(sys.argv[1], "w") as result:
        result.write(repr(found))
