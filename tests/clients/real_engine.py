"""Runs in the engine's environment: llama.cpp with the demo's model and a template that has tools.

``python real_engine.py MODEL TEMPLATE PORT CONTEXT_TOKENS SLOTS [TASK]`` serves until stopped. TASK is chat,
embed or rerank.
"""

import signal
import sys
from pathlib import Path

from xllamacpp import CommonParams, Server, llama_pooling_type

POOLING = {
    "embed": llama_pooling_type.LLAMA_POOLING_TYPE_MEAN,
    "rerank": llama_pooling_type.LLAMA_POOLING_TYPE_RANK,
}

params = CommonParams()
params.model.path, template, port, context, slots, *tasks = sys.argv[1:]
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
for task in tasks:
    # For requests that set no limit of their own.
    params.n_predict = 16
    if task in POOLING:
        params.embedding = True
        params.pooling_type = POOLING[task]
        params.n_batch = params.n_ubatch = params.n_ctx
server = Server(params)
signal.pause()
