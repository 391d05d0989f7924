#!/usr/bin/env bash
# Throw-away keys, and ciphertexts with the raw blocks that OpenSSL makes of them:
#   crates/rsa-batch/testdata/generate.sh
# NAME.pem is the key, NAME.txt has lines of ciphertext and block, both as hex.
set -euo pipefail
cd "$(dirname "$0")"

hex() { od -An -v -tx1 | tr -d ' \n'; }

# Raw private operations on random numbers with the top byte zero, so that they are below n.
answers() { # NAME BYTES
    for _ in 1 2 3; do
        { printf '\0'; head -c "$(($2 - 1))" /dev/urandom; } > number
        openssl pkeyutl -decrypt -inkey "$1.pem" -pkeyopt rsa_padding_mode:none -in number -out block
        echo "$(hex < number) $(hex < block)"
    done
    rm -f number block
}

for bits in 512 1024 1536 2048 3072 4096; do
    openssl genrsa -out "rsa$bits.pem" "$bits"
    answers "rsa$bits" $((bits / 8)) > "rsa$bits.txt"
done
openssl genrsa -3 -out e3.pem 2048
answers e3 256 > e3.txt
