#!/usr/bin/env bash
# The key rsa1024 in the forms of other programs. Needs OpenSSL, ssh-keygen, keytool and python3-cryptography.
set -euo pipefail
cd "$(dirname "$0")"
key=../rsa1024.pem
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
install -m 600 $key "$tmp/key"
ssh-keygen -q -p -N '' -f "$tmp/key" && cp "$tmp/key" rsa1024.openssh
ssh-keygen -q -p -N secret -f "$tmp/key" && cp "$tmp/key" rsa1024.encrypted.openssh
openssl pkcs12 -export -inkey $key -in ../certificate.pem -passout pass:secret -out "$tmp/p12" -name mail
for password in secret changeit; do
    rm -f $password.jks
    keytool -importkeystore -noprompt -srckeystore "$tmp/p12" -srcstorepass secret -srckeypass secret -srcalias mail \
        -destkeystore $password.jks -deststoretype JKS -deststorepass $password -destkeypass $password 2> /dev/null
done
keytool -importkeystore -noprompt -srckeystore "$tmp/p12" -srcstorepass secret -srcalias mail \
    -destkeystore java.p12 -deststoretype PKCS12 -deststorepass secret 2> /dev/null
python3 - <<'PY'
import base64, json
from cryptography.hazmat.primitives.serialization import load_pem_private_key
pem = open("../rsa1024.pem", "rb").read()
k = load_pem_private_key(pem, None).private_numbers()
pub = k.public_numbers
raw = lambda n: n.to_bytes((n.bit_length() + 7) // 8, "big")
url = lambda n: base64.urlsafe_b64encode(raw(n)).rstrip(b"=").decode()
std = lambda n: base64.b64encode(raw(n)).decode()
jwk = {"kty": "RSA", "kid": "mail", "alg": "RS256", "n": url(pub.n), "e": url(pub.e), "d": url(k.d), "p": url(k.p),
       "q": url(k.q), "dp": url(k.dmp1), "dq": url(k.dmq1), "qi": url(k.iqmp)}
json.dump(jwk, open("rsa1024.jwk", "w"))
ec = {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA"}
json.dump({"keys": [ec, {**jwk, "x5c": ["MIIB", "MIIC"]}]}, open("set.jwks", "w"), indent=2)
json.dump({name: jwk[name] for name in ("kty", "n", "e")}, open("public.jwk", "w"))
fields = [("Modulus", pub.n), ("Exponent", pub.e), ("P", k.p), ("Q", k.q), ("DP", k.dmp1), ("DQ", k.dmq1),
          ("InverseQ", k.iqmp), ("D", k.d)]
open("rsa1024.xml", "w").write("<RSAKeyValue>%s</RSAKeyValue>" % "".join(f"<{n}>{std(v)}</{n}>" for n, v in fields))
b64 = base64.b64encode(pem).decode()
crt = base64.b64encode(open("../certificate.pem", "rb").read()).decode()
open("secret.yaml", "w").write(f"apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\ndata:\n  tls.crt: {crt}\n  tls.key: {b64}\n")
open("whole.base64", "wb").write(base64.encodebytes(pem))
open("powershell.pem", "wb").write(b"\xff\xfe" + pem.decode().replace("\n", "\r\n").encode("utf-16-le"))
PY
