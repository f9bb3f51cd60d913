/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as one of the files that only help ("_last_checkpoint", a checksum file, a compacted
 * file, a checkpoint; the first byte says which): whatever is in them, the table can be read. */
#include "fuzz_log.h"

#define SECOND "{\"add\":{\"path\":\"g\",\"partitionValues\":{},\"size\":1}}\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const keys[] = {
        "_delta_log/_last_checkpoint",
        "_delta_log/00000000000000000001.crc",
        "_delta_log/00000000000000000000.00000000000000000001.compacted.json",
        "_delta_log/00000000000000000001.checkpoint.parquet",
        "_delta_log/00000000000000000001.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json",
    };
    int64_t files;
    fuzz_log f;

    if (size == 0)
        return 0;
    fuzz_log_open(&f);
    fuzz_put(&f, "_delta_log/00000000000000000001.json", SECOND, sizeof(SECOND) - 1);
    fuzz_put(&f, keys[data[0] % 5], data + 1, size - 1);
    if (fuzz_read_table(&f, &files) != 1 && data[0] % 5 < 2)
        abort(); /* what the others hold may be a table of its own, with a feature that we lack */
    fuzz_log_close(&f);
    return 0;
}
