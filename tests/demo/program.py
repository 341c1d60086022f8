"""Starts N threads and says how that went: the program that fails on a host whose limit binds."""

import sys
import threading

wanted = int(sys.argv[1])
gate = threading.Event()
threading.stack_size(65536)
started = 0
try:
    for _ in range(wanted):
        threading.Thread(target=gate.wait, daemon=True).start()
        started += 1
except RuntimeError as error:
    print(f"{error} (after {started} of {wanted} threads)")
    gate.set()
    sys.exit(1)
gate.set()
print(f"all {wanted} threads ran")
