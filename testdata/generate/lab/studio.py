"""Records one scene: tcpdump on, act, tcpdump off, truth written."""
from lab import truth
from lab.contexts import client_context, server_context
from lab.postfix import Postfix
from lab.sniffer import Sniffer


class Studio:
    """What an act can use."""

    def __init__(self, out, work):
        self.out, self.work = out, work
        self.pki = out / "pki"
        self.postfix = Postfix(work, self.pki)
        self.scene = None

    def keylog(self):
        return self.out / f"{self.scene.name}.keylog" if self.scene.keylog else None

    def client_context(self, **settings):
        return client_context(keylog=self.keylog(), **settings)

    def server_context(self, key="server", **settings):
        return server_context(self.pki, key, **settings)

    def record(self, scene):
        self.scene = scene
        remove_old(self.out, scene.name)
        if scene.port in (25, 465, 587, 10025):
            self.postfix.start()
        self.sniffer = Sniffer(self.out / capture_name(scene), scene.port, scene.interface, scene.tcpdump_options)
        if not scene.late:
            self.sniffer.start()
        recordings = scene.act(self)
        self.sniffer.stop()
        files = capture_files(self.out, scene)
        if scene.cut_bytes:
            cut(self.out / files[-1], scene.cut_bytes)
        self._write(scene, files, recordings)

    def _write(self, scene, files, recordings):
        rows = scene.key_rows()
        if rows:
            (self.out / f"{scene.name}.keys").write_text("".join(row + "\n" for row in rows))
        for number, recording in enumerate(recordings):
            truth.write_streams(self.out / "streams", scene.name, number, recording)
        truth.write_json(self.out / f"{scene.name}.json", {
            "name": scene.name, "description": scene.description, "files": files,
            "keys": f"{scene.name}.keys" if rows else None,
            "keylog": f"{scene.name}.keylog" if scene.keylog else None,
            "complete": scene.complete,
            "connections": [truth.connection_truth(number, recording, scene.expected_of(number))
                            for number, recording in enumerate(recordings)],
            "truth_source": "; ".join(dict.fromkeys(recording.source for recording in recordings)),
        } | ({"notes": scene.notes} if scene.notes else {}))


def capture_name(scene):
    # tcpdump -G wants a time format in the name.
    return f"{scene.name}.%s.pcap" if scene.rotate else f"{scene.name}.pcap"


def capture_files(out, scene):
    if not scene.rotate:
        return [f"{scene.name}.pcap"]
    made = sorted(out.glob(f"{scene.name}.*.pcap"))
    return [file.rename(out / f"{scene.name}.{number}.pcap").name for number, file in enumerate(made)]


def cut(path, count):
    data = path.read_bytes()
    path.write_bytes(data[:-count])


def remove_old(out, name):
    for pattern in [f"{name}.pcap", f"{name}.[0-9]*.pcap", f"{name}.keylog", f"streams/{name}.[0-9]*.*"]:
        for file in out.glob(pattern):
            file.unlink()
