"""What every test shares."""

import os

# Two threads are what the smallest machines have; more of them under contention make a step several times
# slower. Set here, before any test imports torch, it also reaches the processes that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "2")
# Otherwise every process forked after a tokenizer was used warns.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
