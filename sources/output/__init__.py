"""Reading numbers from what a script prints: one small file per form in which people print them.

Start reading at `reader.py`. A form is a class with `read(text) -> Report | None`; the first that knows a line has it.
"""
