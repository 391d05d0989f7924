#!/usr/bin/env python3
"""Writes a capture again and again to standard output, each time later and with other clients: a
capture of any size from a small one, without a file.

    repeat.py IN.pcap TIMES | smtp-decrypt --keys keys.list -

The client's network (the second byte of 10.x.y.z) and the time change, nothing else: the checksums
of IP and TCP stay right, for what the address gains, the IP identification and the urgent pointer,
which nobody reads without its flag, lose. Reads what generate.py writes.
"""
import struct
import sys

FILE_HEADER, RECORD_HEADER, ETHERNET = 24, 16, 14
IDENTIFICATION, SOURCE, DESTINATION, URGENT = 4, 12, 16, 20 + 18
PAUSE_US = 1000


def records(data):
    """The place of each packet's record."""
    at = FILE_HEADER
    while at < len(data):
        yield at
        at += RECORD_HEADER + struct.unpack_from("<I", data, at + 8)[0]


def time_of(data, at):
    seconds, micros = struct.unpack_from("<II", data, at)
    return seconds * 1_000_000 + micros


def places(data):
    """For each record: its place, its time, and the places of the four fields that change."""
    for at in records(data):
        ip = at + RECORD_HEADER + ETHERNET
        client = ip + (SOURCE if data[ip + SOURCE] == 10 else DESTINATION)
        yield at, time_of(data, at), client, ip + IDENTIFICATION, ip + URGENT


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], "rb") as file:
        data = bytearray(file.read())
    found = list(places(data))
    shift = found[-1][1] - found[0][1] + PAUSE_US
    out = sys.stdout.buffer
    out.write(data[:FILE_HEADER])
    for turn in range(int(sys.argv[2])):
        network = turn % 256
        for at, time, client, identification, urgent in found:
            now = time + turn * shift
            struct.pack_into("<II", data, at, now // 1_000_000, now % 1_000_000)
            data[client + 1] = network
            lost = -network % 0xFFFF
            struct.pack_into(">H", data, identification, lost)
            struct.pack_into(">H", data, urgent, lost)
        out.write(memoryview(data)[FILE_HEADER:])


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        sys.stderr.close()
