"""Learning curves whose truth is known because it was planted: written from what training looks like.

May import: NumPy only, and nothing of ours. Start reading at `curves.py`.
"""
