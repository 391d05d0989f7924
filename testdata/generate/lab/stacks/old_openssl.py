"""OpenSSL 1.0.2k out of the wheel psycopg2 2.7.1: the last with SSLv3, RC4, 3DES, IDEA, SEED and compression at once.

The library asks for Kerberos libraries that Debian 12 has no more; empty ones, which nothing calls, take their place.
"""
import os
import subprocess
import zipfile
from pathlib import Path

FOLDER = Path(os.environ.get("LAB_OLD_OPENSSL", "/var/tmp/smtp-decrypt-lab-openssl-1.0.2k"))
WHEEL = "psycopg2==2.7.1"
SONAMES = {"krb5_3_MIT": "libkrb5-fb0d2caa.so.3.3", "k5crypto_3_MIT": "libk5crypto-622ef25b.so.3.1"}
EMPTY = ["libgssapi_krb5-174f8956.so.2.2", "libcom_err-beb60336.so.2.1", "libresolv-2-c4c53def.5.so"]
REAL = ["libz-a147dcb0.so.1.2.3", "libcrypto-aa58ed98.so.1.0.2k", "libssl-cdf7ba29.so.1.0.2k"]


def run(*words):
    return subprocess.run(list(map(str, words)), check=True, capture_output=True, text=True).stdout


def old_library_files():
    if not (FOLDER / REAL[-1]).exists():
        build()
    return [str(FOLDER / name) for name in [REAL[0], *EMPTY, *SONAMES.values(), *REAL[1:]]]


def build():
    FOLDER.mkdir(parents=True, exist_ok=True)
    run("/usr/bin/python3", "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "--python-version", "36", "--implementation",
        "cp", "--abi", "cp36m", "--platform", "manylinux1_x86_64", "-d", FOLDER, WHEEL)
    with zipfile.ZipFile(next(FOLDER.glob("*.whl"))) as wheel:
        for name in REAL:
            (FOLDER / f"new-{name}").write_bytes(wheel.read(f"psycopg2/.libs/{name}"))
    listing = run("nm", "-D", "--undefined-only", FOLDER / f"new-{REAL[-1]}").split()
    wanted = sorted({word.split("@")[0] for word in listing if "_3_MIT" in word})
    code = FOLDER / "stub.c"
    code.write_text("void nothing(void){}\n" + "".join(f"void {name}(void){{__builtin_trap();}}\n" for name in wanted))
    for version, soname in SONAMES.items():
        (FOLDER / "stub.map").write_text(f"{version} {{ global: *; }};\n")
        run("gcc", "-w", "-shared", "-fPIC", f"-Wl,-soname,{soname}", f"-Wl,--version-script={FOLDER}/stub.map",
            "-o", FOLDER / soname, code)
    (FOLDER / "empty.c").write_text("void nothing(void){}\n")
    for soname in EMPTY:
        run("gcc", "-w", "-shared", "-fPIC", f"-Wl,-soname,{soname}", "-o", FOLDER / soname, FOLDER / "empty.c")
    for name in REAL:
        (FOLDER / f"new-{name}").rename(FOLDER / name)
