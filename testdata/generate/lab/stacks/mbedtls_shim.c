/* A flat face for mbedTLS 2.28, for lab/stacks/mbedtls.py. */
#include <stdlib.h>
#include <string.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_internal.h>
#include <mbedtls/ssl_ciphersuites.h>
#include <mbedtls/ssl_cache.h>
#include <mbedtls/error.h>
#include <psa/crypto.h>

struct buffer { unsigned char *data; size_t len; };
struct peer {
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config conf;
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context rng;
    mbedtls_x509_crt cert;
    mbedtls_pk_context key;
    struct buffer in, out;
    int suites[2];
    unsigned char master[48];
};

static void append(struct buffer *b, const unsigned char *data, size_t len) {
    b->data = realloc(b->data, b->len + len + 1);
    memcpy(b->data + b->len, data, len);
    b->len += len;
}
static size_t take(struct buffer *b, unsigned char *to, size_t max) {
    size_t n = b->len < max ? b->len : max;
    memcpy(to, b->data, n);
    memmove(b->data, b->data + n, b->len - n);
    b->len -= n;
    return n;
}
static int send_cb(void *p, const unsigned char *data, size_t len) { append(&((struct peer *)p)->out, data, len); return (int)len; }
static int recv_cb(void *p, unsigned char *to, size_t len) {
    struct peer *peer = p;
    return peer->in.len ? (int)take(&peer->in, to, len) : MBEDTLS_ERR_SSL_WANT_READ;
}
static int keys_cb(void *p, const unsigned char *ms, const unsigned char *kb, size_t a, size_t b, size_t c) {
    memcpy(((struct peer *)p)->master, ms, 48);
    return 0;
}

struct peer *mb_new(int server, int minor, int suite, const char *cert, const char *key, const unsigned char *psk, size_t psk_len,
                    const char *psk_id, int ems, int etm, int max_fragment, int truncated_hmac, int split) {
    struct peer *p = calloc(1, sizeof *p);
    mbedtls_ssl_init(&p->ssl); mbedtls_ssl_config_init(&p->conf); mbedtls_entropy_init(&p->entropy);
    mbedtls_ctr_drbg_init(&p->rng); mbedtls_x509_crt_init(&p->cert); mbedtls_pk_init(&p->key);
    if (mbedtls_ctr_drbg_seed(&p->rng, mbedtls_entropy_func, &p->entropy, NULL, 0)) return NULL;
    mbedtls_ssl_config_defaults(&p->conf, server, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    mbedtls_ssl_conf_rng(&p->conf, mbedtls_ctr_drbg_random, &p->rng);
    mbedtls_ssl_conf_min_version(&p->conf, 3, minor);
    mbedtls_ssl_conf_max_version(&p->conf, 3, minor);
    mbedtls_ssl_conf_authmode(&p->conf, MBEDTLS_SSL_VERIFY_NONE);
    mbedtls_ssl_conf_arc4_support(&p->conf, MBEDTLS_SSL_ARC4_ENABLED);
    p->suites[0] = suite;
    mbedtls_ssl_conf_ciphersuites(&p->conf, p->suites);
    if (cert && (mbedtls_x509_crt_parse_file(&p->cert, cert) || mbedtls_pk_parse_keyfile(&p->key, key, NULL)
                 || mbedtls_ssl_conf_own_cert(&p->conf, &p->cert, &p->key))) return NULL;
    if (psk_len && mbedtls_ssl_conf_psk(&p->conf, psk, psk_len, (const unsigned char *)psk_id, strlen(psk_id))) return NULL;
    mbedtls_ssl_conf_extended_master_secret(&p->conf, ems);
    mbedtls_ssl_conf_encrypt_then_mac(&p->conf, etm);
    mbedtls_ssl_conf_renegotiation(&p->conf, MBEDTLS_SSL_RENEGOTIATION_ENABLED);
    mbedtls_ssl_conf_session_tickets(&p->conf, 0);
    if (max_fragment && mbedtls_ssl_conf_max_frag_len(&p->conf, max_fragment)) return NULL;
    if (truncated_hmac) mbedtls_ssl_conf_truncated_hmac(&p->conf, 1);
    mbedtls_ssl_conf_cbc_record_splitting(&p->conf, split);
    mbedtls_ssl_conf_export_keys_cb(&p->conf, keys_cb, p);
    if (mbedtls_ssl_setup(&p->ssl, &p->conf)) return NULL;
    mbedtls_ssl_set_bio(&p->ssl, p, send_cb, recv_cb, NULL);
    return p;
}
void mb_feed(struct peer *p, const unsigned char *data, size_t len) { append(&p->in, data, len); }
size_t mb_take(struct peer *p, unsigned char *to, size_t max) { return p->out.len ? take(&p->out, to, max) : 0; }
int mb_handshake(struct peer *p) { return mbedtls_ssl_handshake(&p->ssl); }
int mb_read(struct peer *p, unsigned char *to, size_t max) { return mbedtls_ssl_read(&p->ssl, to, max); }
int mb_write(struct peer *p, const unsigned char *data, size_t len) { return mbedtls_ssl_write(&p->ssl, data, len); }
int mb_close(struct peer *p) { return mbedtls_ssl_close_notify(&p->ssl); }
int mb_renegotiate(struct peer *p) { return mbedtls_ssl_renegotiate(&p->ssl); }
const char *mb_version(struct peer *p) { return mbedtls_ssl_get_version(&p->ssl); }
const char *mb_suite(struct peer *p) { return mbedtls_ssl_get_ciphersuite(&p->ssl); }
int mb_suite_id(struct peer *p) { return mbedtls_ssl_get_ciphersuite_id(mbedtls_ssl_get_ciphersuite(&p->ssl)); }
const unsigned char *mb_master(struct peer *p) { return p->master; }
