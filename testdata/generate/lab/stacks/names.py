"""Cipher suite numbers and names: from openssl where it knows them, the old ones from the standards."""
import functools
import subprocess

OLD = {  # SSL 3.0 (RFC 6101), draft-ietf-tls-56-bit-ciphersuites-01, Netscape's FIPS code points
    0x0003: ("EXP-RC4-MD5", "TLS_RSA_EXPORT_WITH_RC4_40_MD5"),
    0x0004: ("RC4-MD5", "TLS_RSA_WITH_RC4_128_MD5"),
    0x0005: ("RC4-SHA", "TLS_RSA_WITH_RC4_128_SHA"),
    0x0006: ("EXP-RC2-CBC-MD5", "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5"),
    0x0007: ("IDEA-CBC-SHA", "TLS_RSA_WITH_IDEA_CBC_SHA"),
    0x0008: ("EXP-DES-CBC-SHA", "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA"),
    0x0009: ("DES-CBC-SHA", "TLS_RSA_WITH_DES_CBC_SHA"),
    0x000A: ("DES-CBC3-SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
    0x0018: ("ADH-RC4-MD5", "TLS_DH_anon_WITH_RC4_128_MD5"),
    0x001B: ("ADH-DES-CBC3-SHA", "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA"),
    0x0016: ("EDH-RSA-DES-CBC3-SHA", "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"),
    0x0015: ("EDH-RSA-DES-CBC-SHA", "TLS_DHE_RSA_WITH_DES_CBC_SHA"),
    0x0060: ("EXP1024-RC4-MD5", "TLS_RSA_EXPORT1024_WITH_RC4_56_MD5"),
    0x0061: ("EXP1024-RC2-CBC-MD5", "TLS_RSA_EXPORT1024_WITH_RC2_CBC_56_MD5"),
    0x0062: ("EXP1024-DES-CBC-SHA", "TLS_RSA_EXPORT1024_WITH_DES_CBC_SHA"),
    0x0064: ("EXP1024-RC4-SHA", "TLS_RSA_EXPORT1024_WITH_RC4_56_SHA"),
    0x008A: ("PSK-RC4-SHA", "TLS_PSK_WITH_RC4_128_SHA"),
    0x008B: ("PSK-3DES-EDE-CBC-SHA", "TLS_PSK_WITH_3DES_EDE_CBC_SHA"),
    0x0096: ("SEED-SHA", "TLS_RSA_WITH_SEED_CBC_SHA"),
    0x009A: ("DHE-RSA-SEED-SHA", "TLS_DHE_RSA_WITH_SEED_CBC_SHA"),
    0x009B: ("ADH-SEED-SHA", "TLS_DH_anon_WITH_SEED_CBC_SHA"),
    0xC011: ("ECDHE-RSA-RC4-SHA", "TLS_ECDHE_RSA_WITH_RC4_128_SHA"),
    0xC012: ("ECDHE-RSA-DES-CBC3-SHA", "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"),
    0xC007: ("ECDHE-ECDSA-RC4-SHA", "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA"),
    0xC016: ("AECDH-RC4-SHA", "TLS_ECDH_anon_WITH_RC4_128_SHA"),
    0x1304: ("TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_SHA256"),
    0x1305: ("TLS_AES_128_CCM_8_SHA256", "TLS_AES_128_CCM_8_SHA256"),
    0xC07A: (None, "TLS_RSA_WITH_CAMELLIA_128_GCM_SHA256"),
    0xC07B: (None, "TLS_RSA_WITH_CAMELLIA_256_GCM_SHA384"),
    0xC07C: (None, "TLS_DHE_RSA_WITH_CAMELLIA_128_GCM_SHA256"),
    0xC07D: (None, "TLS_DHE_RSA_WITH_CAMELLIA_256_GCM_SHA384"),
    0xC084: (None, "TLS_DH_anon_WITH_CAMELLIA_128_GCM_SHA256"),
    0xC08A: (None, "TLS_ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256"),
    0xC08B: (None, "TLS_ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384"),
    0xFEFE: (None, "SSL_RSA_FIPS_WITH_DES_CBC_SHA"),
    0xFEFF: (None, "SSL_RSA_FIPS_WITH_3DES_EDE_CBC_SHA"),
    # SSLv2 has kinds of three bytes.
    0x010080: ("RC4-MD5", "SSL_CK_RC4_128_WITH_MD5"),
    0x020080: ("EXP-RC4-MD5", "SSL_CK_RC4_128_EXPORT40_WITH_MD5"),
    0x030080: ("RC2-CBC-MD5", "SSL_CK_RC2_128_CBC_WITH_MD5"),
    0x040080: ("EXP-RC2-CBC-MD5", "SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5"),
    0x050080: ("IDEA-CBC-MD5", "SSL_CK_IDEA_128_CBC_WITH_MD5"),
    0x060040: ("DES-CBC-MD5", "SSL_CK_DES_64_CBC_WITH_MD5"),
    0x0700C0: ("DES-CBC3-MD5", "SSL_CK_DES_192_EDE3_CBC_WITH_MD5"),
}


@functools.cache
def by_id():
    """number -> (OpenSSL's name or None, IANA's name)"""
    listing = subprocess.run(["openssl", "ciphers", "-V", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"],
                             capture_output=True, text=True, check=True).stdout
    found = dict(OLD)
    for line in listing.splitlines():
        words = line.split()
        high, low = words[0].split(",")
        found[int(high, 16) << 8 | int(low, 16)] = (words[4], words[2])
    return found


def names_of(number, iana=None):
    return by_id().get(number, (None, iana))


@functools.cache
def number_of(openssl_name):
    return next((number for number, names in by_id().items() if names[0] == openssl_name and number < 0x10000), None)
