"""With and without extended master secret and encrypt-then-MAC."""
from itertools import product

from lab.acts import one_mail_over_starttls
from lab.scene import scene


def register(version, short, ems, etm):
    name = f"ext_{short}_ems{int(ems)}_etm{int(etm)}"
    description = (f"{version} AES128-SHA, extended master secret {'on' if ems else 'off'}, "
                   f"encrypt-then-MAC {'on' if etm else 'off'}, Postfix and Python")

    @scene(name, description, 587)
    def act(studio):
        recording = one_mail_over_starttls(studio, version=version, cipher="AES128-SHA", ems=ems, etm=etm)
        assert (recording.tls.ems, recording.tls.etm) == (ems, etm), recording.tls
        return [recording]


for (each_version, each_short), each_ems, each_etm in product(
        [("TLSv1", "tls10"), ("TLSv1.2", "tls12")], [False, True], [False, True]):
    register(each_version, each_short, each_ems, each_etm)
