"""Throw-away keys and certificates, made with the openssl command line."""
import subprocess

SERVER_NAME = "mail.example.com"
# Certificates must still be valid when someone regenerates one capture years from now.
DAYS = "7300"


def openssl(*words):
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {words[0]} failed: {done.stderr}")
    return done.stdout


def make_rsa_key(path, bits):
    openssl("genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}", "-out", path)


def make_ec_key(path):
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)


def make_ca(folder):
    make_rsa_key(folder / "ca.key", 2048)
    openssl("req", "-x509", "-new", "-key", folder / "ca.key", "-days", DAYS, "-sha256",
            "-subj", "/CN=smtp-decrypt test CA", "-addext", "basicConstraints=critical,CA:TRUE",
            "-out", folder / "ca.crt")


def make_certificate(folder, name, serial):
    """Sign NAME.key's certificate with the CA; the name the clients ask for is in the SAN."""
    request = folder / f"{name}.csr"
    openssl("req", "-new", "-key", folder / f"{name}.key", "-subj", f"/CN={SERVER_NAME}",
            "-addext", f"subjectAltName=DNS:{SERVER_NAME}", "-out", request)
    openssl("x509", "-req", "-in", request, "-CA", folder / "ca.crt", "-CAkey", folder / "ca.key",
            "-set_serial", serial, "-days", DAYS, "-sha256", "-copy_extensions", "copy",
            "-out", folder / f"{name}.crt")
    request.unlink()


def write_other_forms(folder):
    """The server key in the other forms that a key file may have."""
    key = folder / "server.key"
    openssl("rsa", "-in", key, "-traditional", "-out", folder / "server.pkcs1.key")
    openssl("pkey", "-in", key, "-outform", "DER", "-out", folder / "server.der")


def make_pki(folder):
    """Make the whole set, once: captures already on disk stay decryptable while the folder exists."""
    if (folder / "server.crt").exists():
        return make_later_additions(folder)
    folder.mkdir(parents=True, exist_ok=True)
    make_ca(folder)
    make_rsa_key(folder / "server.key", 2048)
    make_rsa_key(folder / "other.key", 2048)
    make_rsa_key(folder / "rsa1024.key", 1024)
    make_rsa_key(folder / "rsa4096.key", 4096)
    make_ec_key(folder / "ec.key")
    for serial, name in enumerate(["server", "other", "rsa1024", "rsa4096", "ec"], start=1):
        make_certificate(folder, name, serial)
    write_other_forms(folder)
    for file in folder.iterdir():
        file.chmod(0o644)
    make_later_additions(folder)


def make_later_additions(folder):
    """Keys that came after the first captures: made when missing, so that the others stay."""
    for serial, (name, bits) in enumerate([("rsa512", 512), ("client", 2048)], start=6):
        if not (folder / f"{name}.crt").exists():
            make_rsa_key(folder / f"{name}.key", bits)
            make_certificate(folder, name, serial)
            for ending in ("key", "crt"):
                (folder / f"{name}.{ending}").chmod(0o644)
    if not (folder / "expired.crt").exists():
        make_refused_certificates(folder)


def make_refused_certificates(folder):
    """Certificates of the server's key that a careful client refuses."""
    certify(folder, "expired", "2016-01-01", "2017-01-01")
    certify(folder, "future", "2090-01-01", "2091-01-01")
    openssl("req", "-x509", "-new", "-key", folder / "server.key", "-days", DAYS, "-sha256",
            "-subj", f"/CN={SERVER_NAME}", "-addext", f"subjectAltName=DNS:{SERVER_NAME}",
            "-out", folder / "self_signed.crt")


def certify(folder, name, begin, end):
    """OpenSSL 3.0 cannot date a certificate; GnuTLS can."""
    template = folder / f"{name}.template"
    template.write_text(f'cn = "{SERVER_NAME}"\ndns_name = "{SERVER_NAME}"\ntls_www_server\n'
                        f'activation_date = "{begin} 00:00:00 UTC"\nexpiration_date = "{end} 00:00:00 UTC"\n')
    subprocess.run(["certtool", "--generate-certificate", "--template", template,
                    "--load-privkey", folder / "server.key", "--load-ca-certificate", folder / "ca.crt",
                    "--load-ca-privkey", folder / "ca.key", "--outfile", folder / f"{name}.crt"],
                   check=True, capture_output=True)
    template.unlink()
