"""Runs a module from a snapshot of its project, as `python -m` runs one from the working directory.

Run as `python module.py FOLDER/MODULE ARGUMENT ...`. What is not in the folder is found in the working directory. Any
Python since 3.8, and only the standard library.
"""

import os
import runpy
import sys


def main() -> None:
    folder, _, module = sys.argv[1].rpartition("/")
    # Ours names the folder of this file, from which nothing is imported.
    sys.path[0] = folder
    sys.path.append(os.getcwd())
    del sys.argv[0]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
