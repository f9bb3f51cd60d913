/* SPDX-License-Identifier: Apache-2.0 */
/* XXH64 against the values of other implementations. */
#include "harness.h"

#include <string.h>

#include "codec/xxhash64.h"

static uint64_t hash(const char *text)
{
    return dwi_xxhash64(0, text, strlen(text));
}

static void known_texts_have_their_known_hashes(void **state)
{
    (void)state;
    DWT_EQ(hash(""), UINT64_C(0xEF46DB3751D8E999));
    DWT_EQ(hash("a"), UINT64_C(0xD24EC4F1A98C6E5B));
    DWT_EQ(hash("abc"), UINT64_C(0x44BC2CF5AD770999));
    DWT_EQ(hash("Nobody inspects the spammish repetition"), UINT64_C(0xFBCEA83C8A378BF1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts_have_their_known_hashes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
