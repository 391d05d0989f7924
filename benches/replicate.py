#!/usr/bin/env python3
"""Writes a capture of many sessions by copying the one session of a small capture.

    replicate.py IN.pcap OUT.pcap SESSIONS [GAP_US]

Each copy gets a client address of its own (10.x.y.z) and starts GAP_US microseconds (default 1000)
after the one before, so that copies overlap. Nothing cryptographic varies: every copy has the same
randoms, the same ClientKeyExchange and the same ciphertext. TCP checksums are not made right again
(they are not in a loopback capture either); those of the IPv4 headers are.

Reads classic pcap only: little-endian, microseconds, Ethernet, IPv4.
"""
import struct
import sys

FILE_HEADER, RECORD_HEADER, ETHERNET = 24, 16, 14


def records(data):
    magic, link = struct.unpack_from("<I16xI", data)
    if magic != 0xA1B2C3D4 or link != 1:
        sys.exit("replicate.py: not a little-endian, microsecond, Ethernet pcap")
    at = FILE_HEADER
    while at < len(data):
        seconds, micros, kept, wire = struct.unpack_from("<IIII", data, at)
        at += RECORD_HEADER
        yield seconds * 1_000_000 + micros, wire, data[at : at + kept]
        at += kept


def checksum(header):
    total = sum(struct.unpack(f">{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def source_port(frame):
    return struct.unpack_from(">H", frame, ETHERNET + (frame[ETHERNET] & 15) * 4)[0]


def with_client(frame, client_port, address):
    frame = bytearray(frame)
    length = (frame[ETHERNET] & 15) * 4
    field = 12 if source_port(frame) == client_port else 16
    frame[ETHERNET + field : ETHERNET + field + 4] = address
    frame[ETHERNET + 10 : ETHERNET + 12] = b"\0\0"
    sum_ = checksum(bytes(frame[ETHERNET : ETHERNET + length]))
    struct.pack_into(">H", frame, ETHERNET + 10, sum_)
    return bytes(frame)


def main():
    source, target, sessions = sys.argv[1], sys.argv[2], int(sys.argv[3])
    gap = int(sys.argv[4]) if len(sys.argv) > 4 else 1000
    with open(source, "rb") as file:
        data = file.read()
    session = list(records(data))
    client_port = source_port(session[0][2])
    packets = []
    for n in range(sessions):
        address = struct.pack(">I", 0x0A000001 + n)
        for at, wire, frame in session:
            packets.append((at + n * gap, wire, with_client(frame, client_port, address)))
    packets.sort(key=lambda packet: packet[0])
    with open(target, "wb") as file:
        file.write(data[:FILE_HEADER])
        for at, wire, frame in packets:
            file.write(struct.pack("<IIII", at // 1_000_000, at % 1_000_000, len(frame), wire))
            file.write(frame)


if __name__ == "__main__":
    main()
