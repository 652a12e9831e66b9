/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SHA-256 (FIPS 180-4) by libcrypto's low-level functions, SHA256_Init and so on, and never by EVP or SHA256():
 * those set all of OpenSSL 3 up first, six million instructions of each start of a distro, and linked statically
 * bring all of libcrypto into each machine.
 */
#ifndef CORE_BASE_DIGEST_H
#define CORE_BASE_DIGEST_H

#define OPENSSL_API_COMPAT 0x10100000L /* they are called deprecated, in favour of the others */
#include <openssl/sha.h>
#include <stddef.h>
#include <stdio.h>

#define DIGEST_SIZE SHA256_DIGEST_LENGTH
#define DIGEST_TEXT (2 * DIGEST_SIZE + 1)

static inline void digest_of(const void *bytes, size_t len, unsigned char digest[DIGEST_SIZE])
{
    SHA256_CTX sha;

    SHA256_Init(&sha);
    SHA256_Update(&sha, bytes, len);
    SHA256_Final(digest, &sha);
}

/* As many hexadecimal digits of it as `to` of `size` bytes has room for. */
static inline void digest_text(const unsigned char digest[DIGEST_SIZE], char *to, size_t size)
{
    for (size_t i = 0; i < DIGEST_SIZE && 2 * i + 2 < size; i++)
        snprintf(to + 2 * i, 3, "%02x", digest[i]);
}

#endif
