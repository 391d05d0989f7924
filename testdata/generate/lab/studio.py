"""Records one scene: tcpdump on, act, tcpdump off, truth written."""
from lab import postfix, truth
from lab.cutting import drop_frames, one_file_each
from lab.contexts import client_context, server_context
from lab.sniffer import Sniffer
from lab.topics import folder


class Studio:
    """What an act can use."""

    def __init__(self, out, work):
        self.root, self.work = out, work
        self.out = out  # the folder of the scene that is recorded
        self.pki = out / "pki"
        self.postfix = postfix.Postfix(work, self.pki)
        self.scene = None

    def keylog(self):
        return self.out / f"{self.scene.name}.keylog" if self.scene.keylog else None

    def client_context(self, **settings):
        return client_context(keylog=self.keylog(), **settings)

    def server_context(self, key="server", **settings):
        return server_context(self.pki, key, **settings)

    def certificate_options(self, certificate="server"):
        """For programs of OpenSSL."""
        return ["-cert", self.pki / f"{certificate}.crt", "-key", self.pki / "server.key"]

    def record(self, scene):
        self.scene = scene
        self.out = folder(self.root, scene.name)
        self.out.mkdir(parents=True, exist_ok=True)
        remove_old(self.out, scene.name)
        if scene.port in postfix.PORTS and not scene.own_server:
            self.postfix.start()
        self.sniffer = Sniffer(self.out / capture_name(scene), scene.port, scene.interface, scene.tcpdump_options)
        recordings = self._shoot(scene)
        files = capture_files(self.out, scene)
        missing = drop_frames(self.out / files[0], scene.drop) if scene.drop else None
        if scene.split:
            files = one_file_each(self.out / files[0])
        if scene.cut_in_largest_packet:
            cut_in_largest_packet(self.out / files[-1])
        self._write(scene, files, recordings, missing)

    def _shoot(self, scene):
        try:
            if not scene.late:
                self.sniffer.start()
            recordings = scene.act(self)
            if self.sniffer.is_running():
                self.sniffer.stop()
            return recordings
        finally:
            self.sniffer.abandon()

    def _write(self, scene, files, recordings, missing):
        rows = scene.key_rows()
        if rows:
            (self.out / f"{scene.name}.keys").write_text("".join(row + "\n" for row in rows))
        for number, recording in enumerate(recordings):
            truth.write_streams(self.out, scene.name, number, recording)
        truth.write_json(self.out / f"{scene.name}.json", {
            "name": scene.name, "description": scene.description, "files": files,
            "keys": f"{scene.name}.keys" if rows else None,
            "keylog": f"{scene.name}.keylog" if scene.keylog else None,
            "complete": scene.complete,
        } | ({"broken_by": scene.broken_by} if scene.broken_by else {}) | {
            "connections": [truth.connection_truth(number, recording, scene.expected_of(number))
                            for number, recording in enumerate(recordings)],
            "truth_source": "; ".join(dict.fromkeys(recording.source for recording in recordings)),
        } | ({"missing": missing} if missing else {}) | ({"notes": scene.notes} if scene.notes else {}))


def capture_name(scene):
    # tcpdump -G wants a time format in the name.
    return f"{scene.name}.%s.pcap" if scene.rotate else f"{scene.name}.pcap"


def capture_files(out, scene):
    if not scene.rotate:
        return [f"{scene.name}.pcap"]
    made = sorted(out.glob(f"{scene.name}.*.pcap"))
    return [file.rename(out / f"{scene.name}.{number}.pcap").name for number, file in enumerate(made)]


def cut_in_largest_packet(path):
    """As if tcpdump had been killed while it wrote that packet."""
    data = path.read_bytes()
    at, packets = 24, []
    while at < len(data):
        length = int.from_bytes(data[at + 8:at + 12], "little")
        packets.append((length, at + 16))
        at += 16 + length
    length, start = max(packets)
    path.write_bytes(data[:start + length // 2])


def remove_old(out, name):
    for pattern in [f"{name}.pcap", f"{name}.[0-9]*.pcap", f"{name}.keylog", f"{name}.[0-9]*.[cs]2[cs]"]:
        for file in out.glob(pattern):
            file.unlink()
