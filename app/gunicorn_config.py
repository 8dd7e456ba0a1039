"""How gunicorn serves the web: `gunicorn --config python:app.gunicorn_config --bind ... 'app.wsgi:application()'`."""

worker_class = "app.web_worker.PatientWorker"
# Enough for a few open pages; each worker is a process of about 150 MB.
workers = 2
threads = 8
worker_connections = 1_000
keepalive = 5
# A worker whose loop does not turn for so long is replaced.
timeout = 60
graceful_timeout = 3
control_socket_disable = True
