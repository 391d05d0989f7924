"""Records all captures, or the named ones. See testdata/README.md."""
import argparse
import shutil
import tempfile
from pathlib import Path

import captures  # noqa: F401  (registers the scenes)
from lab import formats
from lab.paths import TESTDATA
from lab.pki import make_pki
from lab.scene import SCENES
from lab.studio import Studio


def arguments():
    parser = argparse.ArgumentParser(prog="run", description="Record the test captures.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="captures to record (all)")
    parser.add_argument("--out", type=Path, default=TESTDATA, help="folder to write to (testdata)")
    parser.add_argument("--list", action="store_true", help="only list the names")
    return parser.parse_args()


def main():
    wanted = arguments()
    known = [*SCENES, *formats.VARIANTS]
    if wanted.list:
        return print("\n".join(known))
    unknown = set(wanted.names) - set(known)
    if unknown:
        raise SystemExit(f"run: no such capture: {' '.join(sorted(unknown))}")
    record(wanted.names or known, wanted.out.resolve())


def record(names, out):
    out.mkdir(parents=True, exist_ok=True)
    make_pki(out / "pki")
    work = Path(tempfile.mkdtemp(prefix="smtp-decrypt-lab-", dir="/var/tmp"))
    work.chmod(0o755)  # Postfix's processes are not root
    studio = Studio(out, work)
    try:
        for name in names:
            print(name, flush=True)
            if name in SCENES:
                studio.record(SCENES[name])
            else:
                formats.make(name, out)
    finally:
        studio.postfix.stop()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
