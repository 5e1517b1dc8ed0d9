"""Moves blocks repeatedly with NIXL's Python package, from one process to another, all of them in one prepared request.

Prints one JSON line with the seconds of each transfer. The loop is the shortest that the package allows: transfer(), then
check_xfer_state() until it is done.
"""

import json
import sys
from multiprocessing.connection import Connection
from math import gcd
from multiprocessing import get_context
from time import perf_counter_ns

import numpy
from nixl._api import nixl_agent, nixl_agent_config


def scattered(count: int) -> list[int]:
    """Every block once, in the order of the binary's --block-order scattered."""
    near = count * 618 // 1000
    step = next((step for step in range(near, count - 1) if step > 1 and gcd(step, count) == 1), 1)
    return [position * step % count for position in range(count)]


def agent_with_buffer(name: str, block_bytes: int, blocks: int, error_mode: str, progress_thread: bool):
    agent = nixl_agent(name, nixl_agent_config(enable_prog_thread=progress_thread, backends=[]))
    agent.create_backend("UCX", {"ucx_error_handling_mode": error_mode})
    buffer = numpy.ones(block_bytes * blocks, dtype=numpy.uint8)
    start = buffer.ctypes.data
    agent.register_memory([(start, buffer.nbytes, 0, "")], "DRAM")
    listed = [(start + block * block_bytes, block_bytes, 0) for block in scattered(blocks)]
    descriptors = agent.get_xfer_descs(listed, "DRAM")
    return agent, buffer, descriptors


def receive(channel: Connection, block_bytes: int, blocks: int, error_mode: str) -> None:
    agent, buffer, descriptors = agent_with_buffer("target", block_bytes, blocks, error_mode, progress_thread=True)
    channel.send_bytes(agent.get_agent_metadata())
    channel.send_bytes(agent.get_serialized_descs(descriptors))
    channel.recv_bytes()


def send(
    channel: Connection, block_bytes: int, blocks: int, op: str, error_mode: str, iters: int, warmup_iters: int
) -> list[float]:
    agent, buffer, local = agent_with_buffer(
        "initiator", block_bytes, blocks, error_mode, progress_thread=False
    )
    peer = agent.add_remote_agent(channel.recv_bytes())
    remote = agent.deserialize_descs(channel.recv_bytes())
    request = agent.initialize_xfer(op, local, remote, peer)
    samples = []
    for _ in range(warmup_iters + iters):
        began = perf_counter_ns()
        state = agent.transfer(request)
        while state == "PROC":
            state = agent.check_xfer_state(request)
        samples.append((perf_counter_ns() - began) / 1e9)
        if state != "DONE":
            sys.exit(f"the transfer ended as {state}")
    agent.release_xfer_handle(request)
    channel.send_bytes(b"done")
    return samples[warmup_iters:]


def main() -> None:
    block_bytes, blocks, iters, warmup_iters = map(int, sys.argv[1:5])
    error_mode, op = sys.argv[5:7]
    context = get_context("spawn")
    here, there = context.Pipe()
    target = context.Process(target=receive, args=(there, block_bytes, blocks, error_mode), daemon=True)
    target.start()
    there.close()
    print(json.dumps(send(here, block_bytes, blocks, op, error_mode, iters, warmup_iters)))
    target.join(10)


if __name__ == "__main__":
    main()
