"""The web server: settings, the Dash factory, login, downloads.

May import: `callbacks`, `layouts`, `storage`, `analysis`; never Ray. Start reading at `settings.py`, then `server.py`.
"""
