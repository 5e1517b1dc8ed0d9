"""Copies between GPUs with PyTorch, as a user would.

Reads one JSON line per job (from, to, bytes, iters, warmup, both) and prints one JSON line with the seconds of every copy,
measured on the host's clock from before the call until the GPUs are idle again.
"""
import json
import sys
import time

import torch

print(json.dumps({"torch": torch.__version__, "gpus": torch.cuda.device_count()}), flush=True)
for line in sys.stdin:
    job = json.loads(line)
    ways = [(job["from"], job["to"])] + ([(job["to"], job["from"])] if job["both"] else [])
    pairs = []
    for source, sink in ways:
        a = torch.ones(job["bytes"], dtype=torch.uint8, device=f"cuda:{source}")
        b = torch.zeros(job["bytes"], dtype=torch.uint8, device=f"cuda:{sink}")
        at = source if job["op"] == "WRITE" else sink
        pairs.append((a, b, torch.cuda.Stream(device=f"cuda:{at}")))
    gpus = {gpu for way in ways for gpu in way}
    samples = []
    for _ in range(job["warmup"] + job["iters"]):
        start = time.perf_counter()
        for a, b, stream in pairs:
            with torch.cuda.stream(stream):
                b.copy_(a, non_blocking=True)
        for gpu in gpus:
            torch.cuda.synchronize(gpu)
        samples.append(time.perf_counter() - start)
    same = all(bool((b == 1).all()) for _, b, _ in pairs)
    print(json.dumps({"samples": samples[job["warmup"]:], "same": same}), flush=True)
    del pairs, a, b
    torch.cuda.empty_cache()
