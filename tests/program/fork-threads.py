# SPDX-License-Identifier: GPL-3.0-or-later
"""Run by the guest's Python: forks and starts programs while other threads are at work."""

import hashlib
import json
import os
import subprocess
import sys
import threading
import warnings

warnings.simplefilter("ignore")
stop = False


def work():
    n = 0
    while not stop:
        hashlib.sha256(str(n).encode() * 50).hexdigest()
        if json.loads(json.dumps({"a": [n] * 10}))["a"] != [n] * 10 or eval(f"{n} + 1") != n + 1:
            os._exit(1)
        n += 1


def child(k):
    """What the forked child does: also code that has not run before, so that it is translated there."""
    good = json.loads(json.dumps(list(range(50)))) == list(range(50)) and eval(f"sum (x * {k} for x in range (100))") == 4950 * k
    os._exit(0 if good else 1)


threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
bad = 0
for k in range(int(sys.argv[1])):
    pid = os.fork()
    if pid == 0:
        child(k)
    bad += os.waitpid(pid, 0)[1] != 0
    if k % 8 == 0:
        bad += subprocess.run(["/bin/echo", str(k)], stdout=subprocess.PIPE, check=False).stdout != b"%d\n" % k
stop = True
for thread in threads:
    thread.join()
print("bad:", bad)
