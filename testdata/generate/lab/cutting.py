"""Takes frames out of a capture that tcpdump wrote (Ethernet, IPv4, TCP)."""
from dataclasses import dataclass


@dataclass
class Segment:
    frame: int  # as counted in the whole capture, from 1
    ports: tuple
    payload: bytes
    from_client: bool


def read_pcap(data):
    """(header, [one packet with its own header])"""
    at, packets = 24, []
    while at < len(data):
        length = 16 + int.from_bytes(data[at + 8:at + 12], "little")
        packets.append(data[at:at + length])
        at += length
    return data[:24], packets


def segment_of(frame, packet):
    ip = packet[16 + 14:]
    start = (ip[0] & 15) * 4
    tcp = ip[start:int.from_bytes(ip[2:4], "big")]
    ports = int.from_bytes(tcp[:2], "big"), int.from_bytes(tcp[2:4], "big")
    return Segment(frame, ports, tcp[(tcp[12] >> 4) * 4:], ports[0] > ports[1])


def drop_frames(path, choose):
    """What is gone, as it stands in the truth."""
    head, packets = read_pcap(path.read_bytes())
    segments = [segment_of(number, packet) for number, packet in enumerate(packets, start=1)]
    gone = choose([each for each in segments if each.payload])
    path.write_bytes(head + b"".join(packet for number, packet in enumerate(packets, start=1) if number not in gone))
    return [{"frame": each.frame, "from": "client" if each.from_client else "server", "bytes": len(each.payload)}
            for each in segments if each.frame in gone]


def one_file_each(path):
    head, packets = read_pcap(path.read_bytes())
    found = {}
    for number, packet in enumerate(packets):
        found.setdefault(max(segment_of(number, packet).ports), []).append(packet)
    names = []
    for number, part in enumerate(found.values()):
        names.append(f"{path.stem}.{number}.pcap")
        path.with_name(names[-1]).write_bytes(head + b"".join(part))
    path.unlink()
    return names
