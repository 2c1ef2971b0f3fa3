"""Frames that launcher and supervisors write to the runner, and the queue that writes them.

A frame is `u16 length | u8 kind | u8 stream | u32 run | f64 time | payload` (big endian, the length
is the whole frame's, the time is CLOCK_MONOTONIC in seconds). Many processes share the runner's end.
Frames are written in batches of at most PIPE_BUF bytes: such a write to a pipe, and on Linux also to
the Unix socket that Node uses for a child's output, is taken whole or not at all, so frames of
different processes never mix and a full pipe never leaves half a frame behind.
"""
import collections
import errno
import json
import os
import select
import struct
import time

HEADER = struct.Struct(">HBBId")
BATCH_BYTES = 4096
PAYLOAD_BYTES = BATCH_BYTES - HEADER.size

READY, STARTED, OUTPUT, DROPPED, EXITED, LOST = 1, 2, 3, 4, 5, 6


class FrameWriter:
    """Queue of frames; `flush` writes what the pipe takes, `pending` is what it did not take."""

    def __init__(self, fd):
        self.fd = fd
        self.pending = 0
        self._frames = collections.deque()

    def put(self, kind, run=0, payload=b"", stream=0, at=None):
        for start in range(0, max(len(payload), 1), PAYLOAD_BYTES):
            part = payload[start : start + PAYLOAD_BYTES]
            size = HEADER.size + len(part)
            head = HEADER.pack(size, kind, stream, run, time.monotonic() if at is None else at)
            self._frames.append(head + part)
            self.pending += size

    def put_json(self, kind, run, value):
        payload = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
        self.put(kind, run, payload[:PAYLOAD_BYTES])

    def flush(self):
        """Writes without blocking; True when nothing is left."""
        while self._frames:
            batch, size = [], 0
            while self._frames and size + len(self._frames[0]) <= BATCH_BYTES:
                batch.append(self._frames.popleft())
                size += len(batch[-1])
            try:
                written = os.write(self.fd, b"".join(batch))
            except OSError as error:
                if error.errno != errno.EAGAIN:
                    # The runner is gone: nobody is left to tell, the tasks are killed by its EOF.
                    self._frames.clear()
                    self.pending = 0
                    return True
                self._frames.extendleft(reversed(batch))
                return False
            if written != size:
                raise RuntimeError("the runner's pipe took a part of a frame")
            self.pending -= size
        return True

    def flush_blocking(self, seconds):
        """For last words; gives up when the runner does not read."""
        poll = select.poll()
        poll.register(self.fd, select.POLLOUT)
        deadline = time.monotonic() + seconds
        while not self.flush() and time.monotonic() < deadline:
            poll.poll(100)
