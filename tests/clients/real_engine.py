"""Runs in the engine's environment: llama.cpp's server with the demo's model and a template that has tools.

``python real_engine.py MODEL TEMPLATE PORT CONTEXT_TOKENS SLOTS``. It serves until stopped.
"""

import signal
import sys
from pathlib import Path

from xllamacpp import CommonParams, Server

params = CommonParams()
params.model.path, template, port, context, slots = sys.argv[1:]
params.model_alias = {"demo"}
params.chat_template = Path(template).read_text()
params.use_jinja = True
params.n_ctx = int(context) * int(slots)
params.n_parallel = int(slots)
params.n_threads_http = int(slots) + 16
params.endpoint_metrics = True
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
params.hostnames = ["127.0.0.1"]
params.port = int(port)
params.ui = False
params.offline = True
server = Server(params)
signal.pause()
