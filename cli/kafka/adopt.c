/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/adopt.h"

#include <inttypes.h>

#include "common/logline.h"
#include "common/textbuf.h"

static void put_id(const struct config *config, const struct partition *partition,
                   struct textbuf *out)
{
    textbuf_printf(out, "%s-%" PRId32, config->run.kdi_app_id, partition->number);
}

dw_status adopt_read(const struct config *config, dw_table *table,
                     const struct partition *partition, int64_t *out_version, dw_error *err)
{
    struct textbuf id = {0};
    dw_status status;

    *out_version = -1;
    if (!config->run.adopt_kdi || config->run.kdi_app_id == NULL)
        return DW_OK;
    put_id(config, partition, &id);
    status = dw_table_app_version(table, id.text, out_version, err);
    if (status == DW_E_NOT_FOUND) {
        *out_version = -1;
        status = DW_OK;
    }
    if (status == DW_OK && *out_version >= 0)
        LOG_EVENT(DW_LOG_INFO, "kafka-delta-ingest's offset adopted",
                  F_TEXT("topic", partition->topic), F_NUMBER("partition", partition->number),
                  F_TEXT("app_id", id.text), F_NUMBER("last_offset", *out_version));
    textbuf_done(&id);
    return status;
}

dw_status adopt_stage(const struct config *config, dw_txn *txn, const struct seat *seat,
                      int64_t next, dw_error *err)
{
    struct textbuf id = {0};
    dw_status status;

    put_id(config, seat->partition, &id);
    status = dw_txn_set_app_version(txn, id.text, seat->kdi_version, next - 1, err);
    textbuf_done(&id);
    return status;
}
