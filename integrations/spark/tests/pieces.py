"""Captures of testdata/ as three hosts would have recorded and rotated them."""

import struct

HOSTS = 3
MAGIC = 0xA1B2C3D4


def packets(path):
    """(time, link type, record) of a pcap file with microseconds, as tcpdump writes it."""
    data = path.read_bytes()
    if len(data) < 24 or struct.unpack_from("<I", data)[0] != MAGIC:
        return
    (link,) = struct.unpack_from("<I", data, 20)
    place = 24
    while place + 16 <= len(data):
        seconds, micros, length, _ = struct.unpack_from("<IIII", data, place)
        end = place + 16 + length
        if end > len(data):
            return
        yield (seconds, micros), link, data[place:end]
        place = end


def cut(files, folder, pieces):
    """Writes the packets of all files, in order of time, as so many pieces: the hosts take turns."""
    ethernet = 1
    every = [p for file in files for p in packets(file) if p[1] == ethernet]
    every.sort(key=lambda packet: packet[0])
    size = -(-len(every) // pieces)
    written = []
    for index in range(pieces):
        host = folder / f"host{index % HOSTS}"
        host.mkdir(parents=True, exist_ok=True)
        file = host / f"{index:04}.pcap"
        head = struct.pack("<IHHiIII", MAGIC, 2, 4, 0, 0, 262144, ethernet)
        records = (record for _, _, record in every[index * size : (index + 1) * size])
        file.write_bytes(head + b"".join(records))
        written.append(file)
    return written
