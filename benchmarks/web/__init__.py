"""What the browser's benchmark is made of: its data, what is measured on a page, and the peers.

It may import everything that the other benchmarks may; start reading in `benchmarks/browser.py`.
"""
