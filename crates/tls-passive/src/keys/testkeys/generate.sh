#!/bin/sh
# Makes the throw-away keys of the unit tests and the constants that openssl has for them.
# The keys are committed; running this again makes new ones, and the constants in ring/tests.rs must follow what it prints.
set -eu
cd "$(dirname "$0")"

openssl genrsa -traditional -out rsa1024.pkcs1.pem 1024
openssl pkcs8 -topk8 -nocrypt -in rsa1024.pkcs1.pem -out rsa1024.pem
openssl rsa -traditional -in rsa1024.pem -outform der -out rsa1024.pkcs1.der
openssl pkcs8 -topk8 -nocrypt -in rsa1024.pem -outform der -out rsa1024.pkcs8.der
openssl genrsa -out rsa512.pem 512
openssl genrsa -out rsa1031.pem 1031
openssl genrsa -primes 3 -out multiprime1024.pem 1024
openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:1024 \
    -pkeyopt rsa_pss_keygen_md:sha256 -out pss1024.pem

openssl pkcs8 -topk8 -in rsa1024.pem -passout pass:secret -out rsa1024.encrypted.pem
openssl pkcs8 -topk8 -in rsa1024.pem -passout pass:secret -outform der -out rsa1024.encrypted.der
openssl rsa -traditional -aes128 -in rsa1024.pem -passout pass:secret -out rsa1024.legacy.pem
openssl req -x509 -new -key rsa1024.pem -subj /CN=throw-away -days 3650 -out certificate.pem
openssl x509 -in certificate.pem -outform der -out certificate.der
openssl pkcs12 -export -inkey rsa1024.pem -in certificate.pem -passout pass:secret -out rsa1024.p12
openssl pkey -in rsa1024.pem -pubout -out public.pem

openssl ecparam -name prime256v1 -genkey -out ec.sec1.pem
openssl pkcs8 -topk8 -nocrypt -in ec.sec1.pem -out ec.pem
openssl ec -in ec.pem -outform der -out ec.sec1.der
openssl genpkey -algorithm ed25519 -out ed25519.pem
openssl pkey -in ed25519.pem -outform der -out ed25519.der
openssl dsaparam -genkey -noout -out dsa.pem 1024
ssh-keygen -q -t rsa -b 1024 -N '' -C throw-away -f openssh.pem && rm openssh.pem.pub

# SHA-256 of each SubjectPublicKeyInfo.
for key in rsa1024 rsa512 rsa1031 multiprime1024; do
    printf '%s spki_sha256 ' "$key"
    openssl pkey -in "$key.pem" -pubout -outform der | sha256sum | cut -d' ' -f1
done

# The raw operation: a block with good padding (a 48-byte premaster secret), one with bad padding.
good=$(printf '0002'; printf 'a5%.0s' $(seq 77); printf '000303'; printf '5a%.0s' $(seq 46))
bad=$(printf '7fff'; printf '11%.0s' $(seq 126))
for block in "$good" "$bad"; do
    printf 'plain %s\ncipher ' "$block"
    printf '%s' "$block" | xxd -r -p | openssl pkeyutl -encrypt -pkeyopt rsa_padding_mode:none \
        -pubin -inkey public.pem | xxd -p -c 256
done
openssl rsa -in rsa1024.pem -noout -modulus
openssl rsa -in rsa1024.pem -noout -text | sed -n '/privateExponent/,/exponent1/p' | head -3
