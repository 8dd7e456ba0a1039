"""The command line: starts and stops the services, launches runs, exports. Each command is one module.

May import: everything of ours. Start reading at `main.py`, then `services.py`.
"""
