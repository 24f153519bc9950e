# Three threads that multiply matrices, for nine steps: threads.py RESULT
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

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


found = []
with ThreadPoolExecutor(3) as pool:
    for step in range(1, 10):
        print(step, flush=True)
        found += pool.map(work, [(step, 3 * step + i) for i in range(3)])
with open(sys.argv[1], "w") as result:
    result.write(repr(found))
