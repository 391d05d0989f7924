#!/bin/sh
# Encrypts the throw-away key rsa1024 in every way that a server's key is found encrypted. The password is
# `secret`, but where the name says otherwise; there are few iterations, so that tests are quick. Needs OpenSSL 3 with its legacy provider.
set -eu
cd "$(dirname "$0")/encrypted"
key=../rsa1024.pem
legacy='-provider legacy -provider default'

# PKCS#8, PBES1 (RFC 8018) and PKCS#12 schemes (RFC 7292).
for scheme in MD5-DES SHA1-DES MD5-RC2-64 SHA1-RC2-64 SHA1-3DES SHA1-2DES SHA1-RC2-128 SHA1-RC2-40 \
    SHA1-RC4-128 SHA1-RC4-40; do
    openssl pkcs8 -topk8 -iter 100 -v1 "PBE-$scheme" $legacy -in $key -passout pass:secret -out "pbe-$scheme.pem"
done

# PKCS#8, PBES2.
for cipher in aes-128-cbc aes-192-cbc aes-256-cbc des3 des; do
    openssl pkcs8 -topk8 -iter 100 -v2 $cipher $legacy -in $key -passout pass:secret -out "pbes2-$cipher.pem"
done
for prf in hmacWithSHA1 hmacWithSHA512; do
    openssl pkcs8 -topk8 -iter 100 -v2 aes-256-cbc -v2prf $prf -in $key -passout pass:secret -out "pbes2-$prf.pem"
done
openssl pkcs8 -topk8 -scrypt -scrypt_N 1024 -in $key -passout pass:secret -out pbes2-scrypt.pem
openssl pkcs8 -topk8 -iter 128 -v1 PBE-SHA1-3DES -in $key -passout pass:secret -outform der -out pbe-SHA1-3DES.der
openssl pkcs8 -topk8 -in ../ec.pem -passout pass:secret -out ec.pem
openssl pkcs8 -topk8 -iter 100 -in $key -passout pass:secret -outform der -out pbes2.der

# Traditional PEM.
for cipher in aes128 aes192 aes256 des3 des; do
    openssl rsa -traditional "-$cipher" $legacy -in $key -passout pass:secret -out "dek-$cipher.pem"
done

# PKCS#12.
export="openssl pkcs12 -export -iter 100 -inkey $key -in ../certificate.pem"
$export -passout pass:secret -out modern.p12
$export -passout pass:secret -legacy -out legacy.p12
$export -passout pass:secret -keypbe NONE -certpbe NONE -nomac -out clear.p12
$export -passout pass: -out empty-password.p12
$export -passout pass:'pässwört😀' -legacy -out 'non-ascii-password.p12'
openssl pkcs12 -export -nokeys -in ../certificate.pem -passout pass:secret -out only-certificate.p12
openssl req -x509 -new -key ../ec.pem -subj /CN=throw-away -days 3650 -out ec-certificate.tmp
openssl pkcs12 -export -inkey ../ec.pem -in ec-certificate.tmp -passout pass:secret -out ec.p12
rm ec-certificate.tmp
