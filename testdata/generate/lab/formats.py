"""The same packets in other file formats: made from recorded captures with editcap and a few lines of Python."""
import gzip
import json
import shutil
import struct
import subprocess

from lab.topics import folder


def editcap(*words):
    # editcap as root warns on stderr; that is no failure.
    subprocess.run(["editcap", *map(str, words)], check=True, capture_output=True)


def to_pcapng(source, target, _out):
    editcap("-F", "pcapng", source, target)


def to_nanoseconds(source, target, _out):
    editcap("-F", "nsecpcap", source, target)


def to_gzip(source, target, _out):
    target.write_bytes(gzip.compress(source.read_bytes(), mtime=0))


def compressed_by(*command):
    def convert(source, target, _out):
        target.write_bytes(subprocess.run([*command, "-c", source], check=True, capture_output=True).stdout)
    return convert


def to_swapped(source, target, _out):
    """pcap as a machine of the other byte order writes it: every header field turned round, packets untouched."""
    data = source.read_bytes()
    swapped = struct.pack(">IHHiIII", *struct.unpack("<IHHiIII", data[:24]))
    at = 24
    while at < len(data):
        header = struct.unpack("<IIII", data[at:at + 16])
        end = at + 16 + header[2]
        swapped += struct.pack(">IIII", *header) + data[at + 16:end]
        at = end
    target.write_bytes(swapped)


def to_pcapng_with_secrets(source, target, out):
    """The key log inside the file, as a Decryption Secrets Block."""
    keylog = out / f"{source.stem}.keylog"
    editcap("-F", "pcapng", "--inject-secrets", f"tls,{keylog}", source, target)


# name: (what it was made from, ending, description, how)
VARIANTS = {
    "format_pcapng": ("port587_swaks", "pcapng", "port587_swaks as pcapng (editcap)", to_pcapng),
    "format_nano": ("port587_swaks", "pcap", "port587_swaks with nanosecond stamps (editcap)", to_nanoseconds),
    "format_gzip": ("port587_swaks", "pcap.gz", "port587_swaks compressed with gzip", to_gzip),
    "format_zstd": ("port587_swaks", "pcap.zst", "port587_swaks compressed with zstd", compressed_by("zstd", "-q")),
    "format_lz4": ("port587_swaks", "pcap.lz4", "port587_swaks compressed with lz4", compressed_by("lz4", "-q")),
    "format_xz": ("port587_swaks", "pcap.xz", "port587_swaks compressed with xz", compressed_by("xz")),
    "format_swapped": ("port587_swaks", "pcap", "port587_swaks in the other byte order", to_swapped),
    "format_pcapng_secrets": ("ecdhe_tls12", "pcapng", "ecdhe_tls12 with its key log embedded (editcap)",
                              to_pcapng_with_secrets),
}


def make(name, out):
    origin, ending, description, convert = VARIANTS[name]
    source, made = folder(out, origin), folder(out, name)
    made.mkdir(parents=True, exist_ok=True)
    target = made / f"{name}.{ending}"
    convert(source / f"{origin}.pcap", target, source)
    shutil.copyfile(source / f"{origin}.keys", made / f"{name}.keys")
    for stream in source.glob(f"{origin}.[0-9]*.[cs]2[cs]"):
        shutil.copyfile(stream, made / (name + stream.name.removeprefix(origin)))
    truth = json.loads((source / f"{origin}.json").read_text())
    truth |= {"name": name, "description": description, "files": [target.name], "keys": f"{name}.keys",
              "variant_of": origin}
    if name == "format_pcapng_secrets":
        truth["keylog"] = None  # it is inside the file, and opens what the key list cannot
        for connection in truth["connections"]:
            connection["tls"]["decryptable_with_keys"] = True
            connection |= {"expected_outcome": connection["expected_outcome_with_keylog"],
                           "expected_reason": None, "expected_outcome_with_keylog": None}
    (made / f"{name}.json").write_text(json.dumps(truth, indent=1) + "\n")
