"""The web server: settings, the Dash factory, login, downloads.

May import: `callbacks`, `answers`, `layouts`, `launch`, `sources`, `storage`, `analysis`; never Ray.
Start reading at `settings.py`, then `server.py`.
"""
