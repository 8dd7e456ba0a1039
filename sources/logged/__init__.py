"""Files into which scripts log their numbers: one small file per form, `read(data)` on what has come to each.

Start reading at `growing.py`. A form says which files are its own, and makes a parser for each.
"""
