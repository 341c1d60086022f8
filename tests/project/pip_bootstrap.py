"""Stands where ansible-test keeps the get-pip script that it would otherwise download.

ansible-test makes an environment without pip for each sanity test and starts a script in it with
``pip==VERSION --no-setuptools --no-wheel``. Python's own ensurepip brings a pip that can install
the wanted one with the machine's ordinary package settings.
"""

import subprocess
import sys

GET_PIP_ONLY = ("--no-setuptools", "--no-wheel")

if __name__ == "__main__":
    wanted = [argument for argument in sys.argv[1:] if argument not in GET_PIP_ONLY]
    subprocess.check_call([sys.executable, "-m", "ensurepip"], stdout=subprocess.DEVNULL)
    subprocess.check_call([sys.executable, "-m", "pip", "install", "--quiet", *wanted])
